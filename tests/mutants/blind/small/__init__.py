"""Small pairs of kinds that the four models do not have: a reference in torch and its port in Jittor."""
