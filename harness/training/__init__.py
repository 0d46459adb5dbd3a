"""Trainings of both sides: batch streams, the log, twins, equivalence. Numbers in, verdicts out."""
