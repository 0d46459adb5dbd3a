"""Reading strangers' HDF5 files: the library runs in a process that may be lost, and tells what they hold.

`listing` is what is told of a file, and `contents` finds it out. `reader` is the program that does so for one
file after another, and `asking` asks it.
"""
