"""A small model, and ports of it with another shape or another part that learns."""
