"""Reads HDF5 files of strangers: the library runs in a separate process, which may crash, and lists them.

`listing` is what is told of a file, and `contents` finds it out. `reader` is the program that does so for one
file after another, and `asking` asks it.
"""
