"""Texts to read: differences, JSON, sources."""
