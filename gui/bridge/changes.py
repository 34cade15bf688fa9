"""What moved since the last frame, as models take it, and the window's own copy of what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from engine.types.events import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.types.builds import Build
    from engine.types.containers import Container
    from engine.types.events import Change, EngineSnapshot, Event
    from engine.types.frontdoor import Door
    from engine.types.images import Image
    from engine.types.networks import Network
    from engine.types.operations import Operation
    from engine.types.pods import Pod
    from engine.types.volumes import Volume

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class KindChange:
    """Objects of one kind: new or changed ones by id, ids that are gone, and whether this is all there is."""

    upserted: Mapping[str, Any]
    removed: frozenset[str] = frozenset()
    complete: bool = False
    """True after a fresh snapshot: what is not in `upserted` is gone."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that changed in one frame."""

    kinds: Mapping[Kind, KindChange]
    events: tuple[Event, ...] = ()
    complete: bool = False

    def touches(self, *kinds: Kind) -> bool:
        return any(kind in self.kinds for kind in kinds)


def key_of(kind: Kind, value: Any) -> str:
    """The id under which changes of this kind come: volumes go by name."""
    return str(value.name if kind == "volume" else value.id)


def fold_changes(
    snapshot: EngineSnapshot | None, changes: Iterable[Change], events: tuple[Event, ...] = ()
) -> ChangeSet:
    """One change set out of a snapshot (if one came) and the last change of each object after it."""
    upserted: dict[Kind, dict[str, Any]] = {}
    removed: dict[Kind, set[str]] = {}
    if snapshot is not None:
        for kind in KINDS:
            upserted[kind] = {key_of(kind, value): value for value in getattr(snapshot, kind + "s")}
    for change in changes:
        if snapshot is not None and change.revision <= snapshot.revision:
            continue
        if change.value is None:
            upserted.get(change.kind, {}).pop(change.id, None)
            removed.setdefault(change.kind, set()).add(change.id)
        else:
            upserted.setdefault(change.kind, {})[change.id] = change.value
    kinds = {
        kind: KindChange(upserted.get(kind, {}), frozenset(removed.get(kind, ())), snapshot is not None)
        for kind in KINDS
        if kind in upserted or kind in removed
    }
    return ChangeSet(kinds, events, snapshot is not None)


@dataclass(slots=True)
class Mirror:
    """The window's copy of the engine's state: written by change sets only, read by everyone here."""

    containers: dict[str, Container] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    builds: dict[str, Build] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)

    def apply(self, changes: ChangeSet) -> None:
        for kind, change in changes.kinds.items():
            table = self.table(kind)
            if change.complete:
                table.clear()
            table.update(change.upserted)
            for key in change.removed:
                table.pop(key, None)

    def table(self, kind: Kind) -> dict[str, Any]:
        """All objects of a kind by id."""
        found: dict[str, Any] = getattr(self, kind + "s")
        return found

    def everything(self) -> ChangeSet:
        """All of it as one complete change set, for a view that opens late."""
        return ChangeSet({kind: KindChange(dict(self.table(kind)), complete=True) for kind in KINDS}, complete=True)
