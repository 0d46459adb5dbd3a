"""The references: the published models in PyTorch."""
