"""A small network and ports of it that raise, most of them behind a tensor of another shape."""
