"""L2SKNet: segments small targets in infrared images."""
