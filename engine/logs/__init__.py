"""Logs: conmon's own files, read, indexed, searched, followed, rotated and kept. Empty, so that the worker starts fast."""
