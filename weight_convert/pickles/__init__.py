"""Reading and writing pickles without Python's unpickler: nothing that a file names is ever imported."""
