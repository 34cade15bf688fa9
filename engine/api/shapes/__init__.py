"""Snapshots as the JSON that Docker's clients read. Pure functions; nothing here asks the engine."""
