"""Pods: what their containers share, and what is done to all of them together."""
