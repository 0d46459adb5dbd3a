"""Porting mistakes written without knowing the hypotheses about causes, and what is made of them."""
