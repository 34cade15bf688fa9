"""Widgets that paint themselves, and how what is painted is told to screen readers."""
