"""Speed and memory of both sides: numbers in, intervals and verdicts out."""
