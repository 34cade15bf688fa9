"""One object per thing a user can do, used by button, menu, shortcut, palette and test alike."""

from gui.actions.actions import Action, ActionSet, BoundAction

__all__ = ["Action", "ActionSet", "BoundAction"]
