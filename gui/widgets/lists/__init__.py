"""Rows of anything: tables, trees of files, what is in their cells."""
