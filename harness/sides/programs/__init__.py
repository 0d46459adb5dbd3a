"""Programs that start a framework and print the result; each is run by itself, never imported.

Any side's interpreter can run them: they print one object as a line of JSON and import nothing of ours, which
that interpreter may not have.
"""
