"""Unit files as systemd reads them: sections of keys, words in quotes where they need them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+%{}()\[\]^~?*&!|<>#-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(word: str) -> str:
    """One word. A percent sign is doubled, for systemd fills in what follows a single one."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in word).replace("%", "%%")
    return escaped if word and _PLAIN.fullmatch(word) and not word.startswith(("#", ";")) else f'"{escaped}"'


def quoted_words(words: Iterable[str]) -> str:
    """A command line's arguments, of which nothing is filled in."""
    return " ".join(quoted(word).replace("$", "$$") for word in words)


def unit_text(sections: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    parts = []
    for name, pairs in sections.items():
        if pairs:
            parts.append("\n".join([f"[{name}]", *(f"{key}={' '.join(text.splitlines())}" for key, text in pairs)]))
    return "\n\n".join(parts) + "\n"
