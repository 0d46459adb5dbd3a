"""One command for a bare machine with a GPU: bring up, smoke test, every pair, one JSON, one HTML."""
