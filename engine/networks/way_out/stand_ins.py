"""What gives containers their network where pasta is not installed, one row each; the first that is there is taken.

A row names a program and says how one is started on a namespace. It has a control socket if it wants one, and ends with
the signal that ends a pasta; what watches, adopts and ends them (`attachment.py`) knows no more of it than this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from engine.errors import HostError
from engine.networks.way_out import slirp
from engine.processes import slirp4netns
from engine.processes.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.types.containers import PortMapping


class Connect(Protocol):
    """Starts one on a namespace; gives its pid once every port is open. `api` is a short path for its socket."""

    async def __call__(
        self, keeper: Keeper, program: str, netns: Path, api: Path, ports: Sequence[PortMapping]
    ) -> int: ...


class StandIn(NamedTuple):
    program: str
    connect: Connect
    address: str
    """That a container has behind it."""
    dns: str
    """Where it passes questions on to the host's resolver."""


STAND_INS = (StandIn("slirp4netns", slirp.connect, slirp4netns.GUEST_ADDRESS, slirp4netns.DNS_ADDRESS),)


def stand_in() -> StandIn | None:
    """What is used here instead of pasta; None where pasta is, or nothing."""
    if find_program("pasta"):
        return None
    return next((each for each in STAND_INS if find_program(each.program)), None)


async def connect(keeper: Keeper, netns: Path, api: Path, ports: Sequence[PortMapping]) -> int:
    found = stand_in()
    program = find_program(found.program) if found is not None else None
    if found is None or program is None:
        raise HostError(
            f"Neither pasta nor {' nor '.join(each.program for each in STAND_INS)} is installed",
            "Containers with a network of their own need one of them.",
            hint="Install pasta: sudo apt install passt. Or use the network “none” or “host”.",
            subject="pasta",
        )
    return await found.connect(keeper, program, netns, api, ports)
