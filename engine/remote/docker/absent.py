"""Rooms that Docker's engines have nothing of: empty to look at, and each deed refused with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.remote.docker.known.lacks import lacking
from engine.types.data import ANY_LABELS, Freed, LabelRule
from engine.types.frontdoor import Door, DoorSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.pods import CreatePod, Pod


class DockerDoor:
    """Implements `facade.FrontDoor`."""

    async def status(self) -> Door:
        return Door()

    async def change(self, wanted: DoorSettings) -> Door:
        lacking("door.change")


class DockerPods:
    """Implements `facade.Pods`."""

    async def list(self) -> Sequence[Pod]:
        return ()

    async def get(self, pod: str) -> Pod:
        lacking("pods.create")

    async def create(self, request: CreatePod) -> Pod:
        lacking("pods.create")

    async def start(self, pod: str) -> Pod:
        lacking("pods.create")

    async def stop(self, pod: str, *, timeout: float | None = None) -> Pod:
        lacking("pods.create")

    async def restart(self, pod: str) -> Pod:
        lacking("pods.create")

    async def kill(self, pod: str, *, signal: str = "KILL") -> Pod:
        lacking("pods.create")

    async def pause(self, pod: str) -> Pod:
        lacking("pods.create")

    async def unpause(self, pod: str) -> Pod:
        lacking("pods.create")

    async def remove(self, pod: str, *, force: bool = False, volumes: bool = False) -> Freed:
        lacking("pods.create")

    async def prune(self, *, labels: LabelRule = ANY_LABELS) -> Freed:
        return Freed()
