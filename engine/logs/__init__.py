"""Logs: conmon's own files, read, indexed, searched, followed, rotated, kept. Empty: the worker must start fast."""
