"""The sheets of the settings page, one a module."""
