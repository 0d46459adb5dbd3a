"""One module for each format, all with the same verbs: `read(file)` and, where it is written, `write`."""
