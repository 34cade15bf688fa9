"""Brought up: the start planned, its files and namespaces laid out, conmon called."""
