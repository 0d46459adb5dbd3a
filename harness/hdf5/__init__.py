"""Reads HDF5 files of strangers: the library runs in a separate process, which may crash, and lists them.

`listing` is what is known of a file, and `contents` finds it out. `reader` is the program that does so for
one file after another, and `asking` asks it. That costs 0.07 s a file (medians of twelve goldens: 0.09 s
instead of 0.02) and 0.1 s for a trace of 2,000 tensors; what a run of our own has just written is listed
without it.
"""
