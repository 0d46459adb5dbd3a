"""Models that drop or draw at random while they train, sound and faulty, both sides in PyTorch."""
