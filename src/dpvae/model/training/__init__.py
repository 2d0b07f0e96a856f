"""Training: its arguments, its plan, its files, and what it shows."""
