"""A pair whose port is trained by code of its own: by Jittor's optimisers and by some that a porter wrote."""
