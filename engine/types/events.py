"""What happened: changes for models (revisioned, foldable by id) and the event log people and Docker clients read."""

from __future__ import annotations

from typing import Literal

from engine.types.builds import Build
from engine.types.containers import Container
from engine.types.data import Data
from engine.types.frontdoor import Door
from engine.types.images import Image
from engine.types.networks import Network
from engine.types.operations import Operation
from engine.types.pods import Pod
from engine.types.volumes import Volume

Kind = Literal["container", "image", "volume", "network", "operation", "build", "pod", "door"]
Snapshot = Container | Image | Volume | Network | Operation | Build | Pod | Door


class Event(Data, frozen=True, kw_only=True):
    """One thing that happened, as `docker events` would print it."""

    time_ns: int
    kind: Kind | Literal["daemon"]
    action: str
    """Docker's word where there is one: "create", "start", "die", "oom", "health_status: healthy", "pull", …"""
    id: str
    name: str = ""
    attributes: dict[str, str] = {}


class Change(Data, frozen=True, kw_only=True):
    """An object is now like this (or, with `value` None, gone). `event` says what made it so, if anything did."""

    revision: int
    kind: Kind
    id: str
    value: Snapshot | None
    event: Event | None = None


class EngineSnapshot(Data, frozen=True, kw_only=True):
    """Everything, at one revision. Changes with higher revisions bring it up to date."""

    revision: int
    containers: tuple[Container, ...] = ()
    images: tuple[Image, ...] = ()
    volumes: tuple[Volume, ...] = ()
    networks: tuple[Network, ...] = ()
    operations: tuple[Operation, ...] = ()
    builds: tuple[Build, ...] = ()
    pods: tuple[Pod, ...] = ()
    doors: tuple[Door, ...] = ()
    """The front door; one at most."""
