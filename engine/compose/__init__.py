"""Compose files: read, checked, merged and planned. Pure: nothing here asks an engine or changes anything."""
