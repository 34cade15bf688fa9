"""Verbs about containers: listed, stepped through their lives, run, copied to and from, watched."""
