"""What the window remembers of its own: look, size, choices of the person. The engine keeps its settings itself."""

from gui.settings.window_settings import WindowSettings

__all__ = ["WindowSettings"]
