"""Hostile and odd checkpoint files, made here byte by byte, each with what must become of it."""

from __future__ import annotations
