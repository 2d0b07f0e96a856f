"""Minibatches: from memory or from disk, in which order, with which pairs."""
