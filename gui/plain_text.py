"""Texts from outside as what they are. Qt takes a tooltip that looks like HTML for HTML, and loads what it names.

Every tooltip of the window goes through here, as every label goes through `gui/widgets/labels.py`; a test of the rules
keeps it so.
"""

from __future__ import annotations

from html import escape
from typing import Protocol


class HasToolTip(Protocol):
    def setToolTip(self, text: str, /) -> object: ...


def tip(text: str) -> str:
    """A text that shows as itself wherever Qt shows tooltips."""
    if "<" not in text and "&lt;" not in text:
        return text  # Qt takes nothing else for HTML
    return f'<span style="white-space:pre-wrap">{escape(text)}</span>'


def set_tip(target: HasToolTip, text: str) -> None:
    target.setToolTip(tip(text))
