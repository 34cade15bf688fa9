"""Dialogs about containers: run and edit with their form, take along, their logs and graphs side by side."""
