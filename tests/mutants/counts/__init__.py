"""A small model whose stages a port may run more or fewer times, with results that agree."""
