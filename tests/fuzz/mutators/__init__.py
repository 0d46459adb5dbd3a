"""Ways to change a file of one format, so that what is changed lies behind the format's own checks."""
