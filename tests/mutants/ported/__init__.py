"""Small networks with porting mistakes that were written down before any hypothesis was written for them."""
