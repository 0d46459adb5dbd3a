"""Tells, with evidence, whether a Jittor port of a PyTorch model computes the same thing."""
