"""The figures of the paper, run again on the sections at hand."""
