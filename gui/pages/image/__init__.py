"""One image: its facts, its layers and files, its settings; and two images side by side."""
