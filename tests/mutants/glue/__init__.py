"""A small model with much between its layers, and ports that do wrong there."""
