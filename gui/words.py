"""Translation, in one name: every text a person reads goes through `translate("Context", "text")`.

A text with a count in it is given the count, `translate("Context", "%n files", None, count)`: each language has as many
forms as it needs, English too. Where the number is written in another way the text has {0}, and the count chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

if TYPE_CHECKING:
    from collections.abc import Sequence

translate = QCoreApplication.translate


def marked(_context: str, text: str) -> str:
    """A text of a table, given as it is: collected with the others, and translated once the language is known."""
    return text


def decimal(value: float, digits: int) -> str:
    """A number with the decimal sign of the window's language."""
    return f"{value:.{digits}f}".replace(".", translate("Numbers", "."))


def grouped(count: int) -> str:
    """A count with its thousands set apart as the window's language does."""
    return f"{count:,}".replace(",", translate("Numbers", ","))


def named_or_counted(names: Sequence[str], single: str, several: str) -> str:
    """What is told of one thing names it; of more, how many they are: `several`, translated by their number."""
    return single.format(names[0]) if len(names) == 1 else several
