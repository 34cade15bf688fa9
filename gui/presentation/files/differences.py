"""How the contents of two files differ, in words. May take a while for long texts: not for the window's thread."""

from __future__ import annotations

import difflib

from gui.presentation.units import bytes_text
from gui.words import translate


def text_difference(old: bytes, new: bytes, names: tuple[str, str], sizes: tuple[int, int] | None = None) -> str:
    """A unified difference; one sentence where there is nothing to show line by line.

    `sizes` are those of the whole files, of which `old` and `new` may be the beginnings.
    """
    sizes = sizes or (len(old), len(new))
    if old == new and max(sizes) > len(old):
        words = translate("Differences", "The first {0} are the same; what follows is not compared here.")
        return words.format(bytes_text(len(old)))
    if old == new:
        return ""
    if b"\0" in old[:8192] or b"\0" in new[:8192]:
        words = translate("Differences", "These are no texts: {0} and {1}")
        return words.format(*map(bytes_text, sizes))
    left, right = (data.decode("utf-8", "replace").splitlines() for data in (old, new))
    return "\n".join(difflib.unified_diff(left, right, *names, lineterm=""))
