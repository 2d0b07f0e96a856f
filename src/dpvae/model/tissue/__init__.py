"""What a model knows of the tissue of its sections."""
