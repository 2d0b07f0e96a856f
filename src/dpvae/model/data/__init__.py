"""What a model reads of a reference, checked and registered."""
