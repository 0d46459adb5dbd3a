"""A model whose layers are called in other orders, left out, or called on something else."""
