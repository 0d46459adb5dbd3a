"""Small models of odd forms, sound ports of them and faulty ones."""
