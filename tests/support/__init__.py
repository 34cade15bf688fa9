"""What tests stand on: private stores, images made of a few files, a real registry, a display, and the leak check."""
