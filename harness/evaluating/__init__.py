"""Evaluations: which samples, how each is judged, what the metrics say, and the file that keeps it all."""
