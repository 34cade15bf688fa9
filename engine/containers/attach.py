"""Bytes to and from a container's main process, over conmon's attach socket, with the log's past first if asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from engine.facade import ByteStream
    from engine.types.logs import LogLine


async def attach(
    *,
    socket: Path,
    control: Path,
    tty: bool,
    stdin: bool,
    stream: bool = True,
    past: AsyncIterator[Sequence[LogLine]] | None = None,
) -> ByteStream:
    """`socket` is conmon's attach socket, `control` its ctl fifo, `past` the log up to now where it is to be replayed.

    conmon closes the container's stdin when an attached client leaves, unless it runs with `--leave-stdin-open`:
    start it so where the spec says stdin_open without stdin_once. It ends (read() gives None) with the container.
    """
    raise NotImplementedError


async def resize(control: Path, rows: int, columns: int) -> None:
    """Tell conmon the size of the container's main terminal. Quietly nothing where conmon is gone."""
    raise NotImplementedError
