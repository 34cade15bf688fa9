"""Contents of files: as lines to edit, and how two differ."""
