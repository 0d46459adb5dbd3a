"""`python -m weight_convert`."""

from __future__ import annotations

from weight_convert.cli import main

main()
