"""The window around the pages: sidebar, status bar, palette, tray, notifications, keys."""
