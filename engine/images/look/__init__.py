"""Seeing through layers: trees, waste, differences, searches, packages."""
