"""The rootless container engine. It knows nothing of Qt; everything it offers is reached through `engine.facade`.

Kept empty on purpose: the thin command line imports below this package and must start in milliseconds.
"""
