"""Small models that drop while they train, in the usual ways, and what a port gets wrong in them."""
