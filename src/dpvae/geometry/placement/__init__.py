"""Places by multidimensional scaling: free, around anchors, on a layout."""
