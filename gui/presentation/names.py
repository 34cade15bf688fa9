"""What is wrong with a name or a number that somebody types."""

from __future__ import annotations

from engine.recipe.checks import is_name
from gui.words import translate


def name_problem(name: str) -> str:
    """Of a container, a volume or a network; "" where it will do."""
    if not is_name(name):
        return translate("Names", "Letters, digits, “_”, “.” and “-”; a letter or digit first")
    return ""


def is_figures(text: str) -> bool:
    """Only the ten that every program reads as figures."""
    return text.isascii() and text.isdigit()


def number_problem(text: str, most: int) -> str:
    """Of how many there should be; "" where it will do."""
    if is_figures(text.strip()) and int(text) <= most:
        return ""
    return translate("Names", "Write a number from 0 to {0}").format(most)
