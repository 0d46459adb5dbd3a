"""The ports with mistakes: `port` makes the modules in here when they are imported."""
