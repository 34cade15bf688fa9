"""Unpacking what a container sent, with its faults in the command line's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.reach.wire import Failed
from engine.tars import unpacking

if TYPE_CHECKING:
    from collections.abc import Iterator


def unpack(pieces: Iterator[bytes], base: str, rename: str | None) -> None:
    """As `engine.tars.unpacking.unpack`."""
    try:
        unpacking.unpack(pieces, base, rename)
    except unpacking.UnpackingFault as error:
        raise Failed(0, str(error)) from None
