"""What a trained model knows of its reference, and how it places cells by that."""
