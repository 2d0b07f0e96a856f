"""Layouts moved onto one another, and mirrored."""
