"""Objects the window treats as gone although the engine still has them, because their removal may yet be undone.

Everything the window shows comes through here, so lists, counts, menus and dialogs agree without knowing of it. What
refers to a hidden container (its image, volumes, networks) is shown without that reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from gui.bridge.changes import ChangeSet, KindChange, Mirror

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from engine.types.events import Kind

_REFERRING: tuple[Kind, ...] = ("image", "volume", "network")


class Veil:
    """Change sets go in as the engine tells them and come out as the window shows them."""

    def __init__(self) -> None:
        self._truth = Mirror()
        self._hidden: dict[Kind, set[str]] = {}
        self._leaving: set[tuple[Kind, str]] = set()

    def filter(self, changes: ChangeSet) -> ChangeSet:
        self._truth.apply(changes)
        for kind, change in changes.kinds.items():
            self._forget_gone(kind, change)
        if not any(self._hidden.values()):
            return changes
        return ChangeSet(
            {kind: self._seen(kind, c) for kind, c in changes.kinds.items()}, changes.events, changes.complete
        )

    def hide(self, kind: Kind, keys: Iterable[str]) -> ChangeSet:
        """As if they were gone."""
        present = frozenset(keys) & self._truth.table(kind).keys()
        self._hidden.setdefault(kind, set()).update(present)
        return ChangeSet({**self._referring(kind, present), kind: KindChange({}, present)})

    def show(self, kind: Kind, keys: Iterable[str]) -> ChangeSet:
        """Back again, those that are still there, as they are now."""
        table, hidden = self._truth.table(kind), self._hidden.get(kind, set())
        back = frozenset(keys) & hidden
        hidden -= back
        self._leaving -= {(kind, key) for key in back}
        there = {key: self._without_hidden(kind, table[key]) for key in table if key in back}
        return ChangeSet({**self._referring(kind, back), kind: KindChange(there)})

    def let_go(self, kind: Kind, keys: Iterable[str]) -> None:
        """The engine has removed them: whatever is told of them next is believed."""
        self._leaving |= {(kind, key) for key in keys if key in self._hidden.get(kind, ())}

    def hides(self, kind: Kind, key: str) -> bool:
        return key in self._hidden.get(kind, ())

    # --- inside ---

    def _forget_gone(self, kind: Kind, change: KindChange) -> None:
        """What has left by itself, or is told of anew after it left, is hidden no more."""
        hidden = self._hidden.get(kind)
        if not hidden:
            return
        told = {key for key in change.upserted if (kind, key) in self._leaving}
        gone = (hidden - change.upserted.keys()) if change.complete else (hidden & change.removed)
        hidden -= told | gone
        self._leaving -= {(kind, key) for key in told | gone}

    def _seen(self, kind: Kind, change: KindChange) -> KindChange:
        hidden: Collection[str] = self._hidden.get(kind, ())
        shown = {key: self._without_hidden(kind, value) for key, value in change.upserted.items() if key not in hidden}
        return KindChange(shown, change.removed, change.complete)

    def _referring(self, kind: Kind, keys: Collection[str]) -> Mapping[Kind, KindChange]:
        """What refers to these containers, as it is to be shown from now on."""
        if kind != "container":
            return {}
        found: dict[Kind, KindChange] = {}
        for other in _REFERRING:
            touched = {
                key: self._without_hidden(other, value)
                for key, value in self._truth.table(other).items()
                if not self.hides(other, key) and not _users(other, value).isdisjoint(keys)
            }
            if touched:
                found[other] = KindChange(touched)
        return found

    def _without_hidden(self, kind: Kind, value: Any) -> Any:
        hidden = self._hidden.get("container")
        if not hidden or kind not in _REFERRING or _users(kind, value).isdisjoint(hidden):
            return value
        if kind == "network":
            left = tuple(member for member in value.members if member.container_id not in hidden)
            return msgspec.structs.replace(value, members=left)
        return msgspec.structs.replace(value, used_by=tuple(key for key in value.used_by if key not in hidden))


def _users(kind: Kind, value: Any) -> frozenset[str]:
    if kind == "network":
        return frozenset(member.container_id for member in value.members)
    return frozenset(value.used_by)
