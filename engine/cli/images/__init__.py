"""Verbs about images: those on this machine, to and from registries, and how these are reached."""
