"""L2SKNet ports with one known porting mistake each."""
