"""Services that lie, lose and lag, and proof that no run harms a row that it did not create."""
