"""A history from one place on: its past, and what comes."""
