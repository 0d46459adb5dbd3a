"""Fuzzing of every reader: a file of any content is read or refused, within bounds, and never a crash.

`targets.py` says what is read, `mutators/` how a file is changed, `watch.py` what one input may cost,
`run.py` runs one target for a time, guided by coverage. `corpus/` holds small right files, `regressions/`
inputs that a reader once failed on; `test_fuzz.py` reads both and some mutations in the gate.
"""
