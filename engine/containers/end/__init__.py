"""Taken down: asked, killed, removed; what an end leads to, and why it came."""
