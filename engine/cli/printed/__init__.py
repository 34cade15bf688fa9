"""What the command prints: one printer, tables, templates, words; and what it asks."""
