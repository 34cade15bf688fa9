"""What an act on the marked rows will reach, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOM = 26
"""Letters of names; more would take the room of the buttons beside them."""


def chosen_text(counted: str, names: Sequence[str]) -> str:
    """ "3 containers: blog, shop-api, +1"; `counted` says how many of what."""
    shown: list[str] = []
    for name in names:
        if shown and sum(map(len, shown)) + len(name) > _ROOM:
            break
        shown.append(name)
    if len(shown) < len(names):
        shown.append(f"+{len(names) - len(shown)}")
    return translate("Selection", "{0}: {1}").format(counted, ", ".join(shown)) if shown else counted


def untouched_text(hidden: int) -> str:
    """What the filter or a closed group keeps out of reach; "" where everything is in sight."""
    return translate("Selection", "%n not shown stay untouched", None, hidden) if hidden else ""
