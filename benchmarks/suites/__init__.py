"""Suites that run under pytest-benchmark."""
