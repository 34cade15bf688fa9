"""Pods of the fake engine: the real service over a ground that is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from engine.pods.book import PodBook
from engine.pods.pod_service import PodService
from tests.fakes.store import ForgetfulDatabase

if TYPE_CHECKING:
    from engine.pods.book import PodEntry
    from engine.state.database import Database
    from engine.types.containers import PortMapping
    from tests.fakes.containers import FakeContainers
    from tests.fakes.store import Store


class FakeGround:
    def address(self, entry: PodEntry) -> str:
        return "10.0.2.100" if entry.is_up else ""

    def published(self, entry: PodEntry) -> tuple[PortMapping, ...]:
        return entry.record.recipe.ports

    async def rest(self, entry: PodEntry) -> None:
        return None

    async def forget(self, entry: PodEntry) -> None:
        return None


def make_fake_pods(store: Store, containers: FakeContainers) -> PodService:
    book = PodBook(cast("Database", ForgetfulDatabase()))
    return PodService(
        book, FakeGround(), containers, store.bus, lambda network: None, lambda: tuple(store.containers.values())
    )
