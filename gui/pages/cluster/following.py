"""A cluster's objects as they are now: a watch for each kind that is looked at, rows by kind, refusals by kind."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import Code, WherryError
from engine.types.clusters import ClusterPlace
from gui.presentation.remote.clusters import ClusterRow, row_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from gui.bridge import Engine, EngineClient, Lease

EVERY = "*"
NAMESPACES = "namespaces"
_AT_ONCE = 100
"""Objects made rows of before others get their turn."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a watch says, in rows: everything of the kind, one that is there, one that is gone, or why there is none."""

    whole: tuple[ClusterRow, ...] | None = None
    put: ClusterRow | None = None
    gone: str = ""
    message: str = ""
    code: str = ""


async def rows_of(engine: Engine, context: str, namespace: str, plural: str) -> AsyncIterator[Sequence[Told]]:
    """On the engine's thread, where the objects stay: the window gets rows."""
    place = ClusterPlace(context=context, namespace=namespace)
    async with aclosing(engine.clusters.watch(place, plural)) as changes:  # type: ignore[type-var]
        async for change in changes:
            if change.kind == "told":
                yield (Told(message=change.message, code=change.code),)
                continue
            rows = []
            for number, found in enumerate(change.objects):
                rows.append(row_of(found, plural, context))
                if number % _AT_ONCE == _AT_ONCE - 1:
                    await asyncio.sleep(0)
            if change.kind == "all":
                yield (Told(whole=tuple(rows)),)
            else:
                yield tuple(Told(put=row) if change.kind == "put" else Told(gone=row.key) for row in rows)


class Follower(QObject):
    """`show` says which cluster and namespace, `want` which kinds; `changed` tells a kind whose rows are others."""

    changed = Signal(str, object, object)
    """The kind, its changed rows by key, and the keys that are gone."""
    told = Signal(str)
    """A kind that is refused, or is seen again."""

    def __init__(self, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self.context = self.namespace = ""
        self.rows: dict[str, dict[str, ClusterRow]] = {}
        self.refused: dict[str, Told] = {}
        """Kinds of which nothing new is known, and why."""
        self._leases: dict[str, Lease] = {}

    def show(self, context: str, namespace: str) -> None:
        """Another cluster or namespace: what is known of the last is forgotten."""
        if (context, namespace) == (self.context, self.namespace):
            return
        self.rest()
        kept = self.rows.get(NAMESPACES, {}) if context == self.context else {}
        self.context, self.namespace = context, namespace
        self.rows = {NAMESPACES: kept}
        self.refused.clear()

    def want(self, plurals: Iterable[str]) -> None:
        """These are followed from now on, and others no longer."""
        wanted = set(plurals)
        for plural in self._leases.keys() - wanted:
            self._leases.pop(plural).end()
        for plural in wanted - self._leases.keys():
            self._follow(plural)

    def rest(self) -> None:
        """Nobody looks; what is known stays."""
        self.want(())

    def _follow(self, plural: str) -> None:
        context, namespace = self.context, self.namespace

        def work(engine: Engine) -> AsyncIterator[Sequence[Told]]:
            return rows_of(engine, context, namespace, plural)

        self._leases[plural] = self._client.stream(
            work, lambda batch: self._on_batch(plural, batch), lambda error: self._on_end(plural, error)
        )

    def _on_end(self, plural: str, error: BaseException | None) -> None:
        """A watch of a kind that the cluster does not have ends; an error is the kubeconfig's."""
        if isinstance(error, WherryError):
            self._on_batch(plural, [Told(message=str(error), code=Code.INVALID.value)])
        elif error is not None:
            raise error

    def _on_batch(self, plural: str, batch: list[Told]) -> None:
        rows = self.rows.setdefault(plural, {})
        put: dict[str, ClusterRow] = {}
        gone: set[str] = set()
        for one in batch:
            if one.message:
                self.refused[plural] = one
                continue
            if one.whole is not None:
                now = {row.key: row for row in one.whole}
                gone |= rows.keys() - now.keys()
                changed = {key: row for key, row in now.items() if rows.get(key) != row}
                put = {key: row for key, row in put.items() if key in now} | changed
                rows = self.rows[plural] = now
            elif one.put is not None:
                rows[one.put.key] = put[one.put.key] = one.put
                gone.discard(one.put.key)
            elif rows.pop(one.gone, None) is not None:
                put.pop(one.gone, None)
                gone.add(one.gone)
            self.refused.pop(plural, None)
        gone -= rows.keys()
        self.told.emit(plural)
        self.changed.emit(plural, put, frozenset(gone))


FORBIDDEN = (Code.FORBIDDEN.value, Code.NOT_FOUND.value)
"""These are of one kind alone; any other trouble is the whole cluster's."""
