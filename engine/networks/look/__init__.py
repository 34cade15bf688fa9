"""Looked at: who talks to whom, and the way from one container to another."""
