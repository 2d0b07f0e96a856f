"""Where each of many cells could be: a probability of every position of a tissue."""
