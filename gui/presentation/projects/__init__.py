"""Compose projects in words: plans, pictures, files made of containers, templates."""
