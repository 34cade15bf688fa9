"""Other machines: how they are reached, how they are, and what their engines cannot do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine.types.data import Data
from engine.types.operations import Failure

MachineKind = Literal["", "wherry", "docker", "podman"]
""""" is not found out yet."""


class Link(StrEnum):
    """How the connection to a machine is."""

    NONE = ""
    """Nobody looked at it yet."""
    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALE = "stale"
    """It was there; what is shown is of then, and it is tried again and again."""
    UNREACHABLE = "unreachable"
    """It was never there since it was looked for."""


class Machine(Data, frozen=True, kw_only=True):
    """One machine of the list. "" as a name is this computer."""

    name: str
    address: str = ""
    kind: MachineKind = ""
    through: str = ""
    """Whose program at the far end of ssh opens the way."""
    description: str = ""
    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    unchecked: bool = False
    source: Literal["", "docker", "podman"] = ""
    """Whose list it is from: "" is Wherry's own."""
    version: str = ""
    link: Link = Link.NONE
    since: datetime | None = None
    """Since when the link is as it is; of a stale one, when it was last heard of."""
    problem: Failure | None = None


class Found(Data, frozen=True, kw_only=True):
    """What was there when a machine was tried."""

    kind: MachineKind
    version: str
    host_name: str = ""
    operating_system: str = ""
    containers: int = 0
    running: int = 0
    images: int = 0
    round_trip: float = 0.0
    """Seconds."""


class Suggestion(Data, frozen=True, kw_only=True):
    """An address that something on this computer knows of."""

    address: str
    source: Literal["docker", "podman", "ssh", "here", "store"]
    """A "store" is podman's where no service of it runs: one is started as it is looked at."""
    name: str = ""


class Capabilities(Data, frozen=True, kw_only=True):
    """What an engine cannot do: names of the facade's methods ("containers.edit"), each with the reason."""

    kind: MachineKind = "wherry"
    lacks: dict[str, str] = {}

    def why_not(self, *methods: str) -> str:
        """ "" if it can do all of them."""
        return next((self.lacks[method] for method in methods if method in self.lacks), "")


NO_SWARM = {"swarm.look": "It manages no swarm: choose a machine whose Docker does."}
LOCAL = Capabilities(lacks=NO_SWARM)


MOVED_IMAGES = "localhost/moved/"
"""How images begin that have what a moved container changed in its own files as their last layer."""


class Moved(Data, frozen=True, kw_only=True):
    """What is to be moved, or copied, and where to."""

    kind: Literal["image", "volume", "container", "project"]
    name: str
    source: str = ""
    """The machine it is on, or its address; "" is this computer. Or "archive:PATH"."""
    target: str = ""
    """The machine it goes to; or "archive:PATH"."""
    move: bool = False
    """The source goes once the target runs; otherwise both are there."""
    keep_source: bool = False
    """A moved source is stopped and left, to be removed on request."""
    new_name: str = ""
    start: bool = True
    """What runs where it is starts where it arrives. Not so where both would want the same ports of one computer."""


class FinishMove(Data, frozen=True, kw_only=True):
    """Of which move the source is to go."""

    name: str
    source: str | None = None
    """The machine it is on; None is whichever."""


class KeptSource(Data, frozen=True, kw_only=True):
    """What a move left stopped where it was."""

    kind: Literal["container", "project"]
    name: str
    source: str = ""
    target: str = ""
    moved: datetime
    here: dict[str, str]
    """Its containers where it was: names by id."""
    there: dict[str, str]
    """Where it went."""
    running: tuple[str, ...] = ()
    """Those of `there` that must run before anything may go."""
    volumes: tuple[str, ...] = ()


class MovePart(Data, frozen=True, kw_only=True):
    """One thing that a move takes along."""

    kind: Literal["image", "volume", "network", "container"]
    name: str
    size: int = 0
    there: bool = False
    """The target has it already, the same."""
    note: str = ""


class MovePlan(Data, frozen=True, kw_only=True):
    """What a move would do, nothing done."""

    request: Moved
    parts: tuple[MovePart, ...] = ()
    problems: tuple[str, ...] = ()
    """Why it cannot be done, in sentences."""
    warnings: tuple[str, ...] = ()
    """What will be other than it was."""

    @property
    def bytes(self) -> int:
        return sum(part.size for part in self.parts if not part.there)


class Bringable(Data, frozen=True, kw_only=True):
    """Something that another engine of this computer has."""

    kind: Literal["image", "volume", "container", "project"]
    name: str
    size: int = 0
    source: str
    """The engine's address, as `Moved.source` takes it."""
    engine: MachineKind = ""
    here: bool = False
    """It was brought over before, or something of its name is here."""
