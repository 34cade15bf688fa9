"""The folder by which containers see the engine's socket: a link to the present one, and nothing else.

It is there once a container has been let in; each engine that begins puts its own socket into it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def folder_of(socket: Path) -> Path:
    return socket.parent / "engine"


def make_folder(socket: Path) -> Path:
    folder = folder_of(socket)
    folder.mkdir(mode=0o700, exist_ok=True)
    show(socket)
    return folder


def show(socket: Path) -> None:
    """Put the socket into the folder, if there is one."""
    folder = folder_of(socket)
    if not folder.is_dir() or not socket.exists():
        return
    fresh = folder / f"{socket.name}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    os.link(socket, fresh)
    fresh.replace(folder / socket.name)
    fresh.unlink(missing_ok=True)  # a rename to another name of the same file does nothing


def hide(socket: Path) -> None:
    (folder_of(socket) / socket.name).unlink(missing_ok=True)
