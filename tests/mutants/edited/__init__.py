"""Mistakes that are edits of a port's text: of the small pairs of examples/zoo, and of Jittor's models."""
