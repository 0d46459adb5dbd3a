"""References and ports against runs of the upstream code itself."""
