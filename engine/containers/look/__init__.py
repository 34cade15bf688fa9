"""Looked into: commands and streams, processes and changed files."""
