"""Models that break, each in its own way, and one pair that declares them all."""
