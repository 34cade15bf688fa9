"""What is wrong with a name that somebody types."""

from __future__ import annotations

from engine.recipe.checks import is_name
from gui.words import translate


def name_problem(name: str) -> str:
    """Of a container, a volume or a network; "" where it will do."""
    if not is_name(name):
        return translate("Names", "Letters, digits, “_”, “.” and “-”; a letter or digit first")
    return ""
