"""Compose files as text: YAML to plain values, variables put in, and services written into a file that is there."""
