"""Dialogs. `catalogue.py` opens them by name, so that nobody imports a dialog before it is wanted."""
