"""Expression predicted at positions where nothing was measured."""
