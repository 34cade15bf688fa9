"""Where a line was written: the directory, the user and the files that words of a line may speak of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from engine.recipe.faults import Unreadable, marked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST_FILE = 1 << 20


class Here(NamedTuple):
    directory: str
    home: str
    uid: int
    gid: int
    environment: Mapping[str, str]
    read: Callable[[str], str]
    """The text of a file, or Unreadable."""

    def path(self, text: str) -> str:
        """A path as it is meant here: absolute, `~` being the home directory."""
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        return os.path.normpath(os.path.join(self.directory, text))


def this_place() -> Here:
    return Here(os.getcwd(), os.path.expanduser("~"), os.getuid(), os.getgid(), os.environ, read_file)


def read_file(path: str) -> str:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            text = file.read(LARGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreadable(marked("Recipe", "The file {0} cannot be read: {1}"), path, reason) from None
    if len(text) > LARGEST_FILE:
        raise Unreadable(marked("Recipe", "The file {0} is too large"), path)
    return text


def read_lines(path: str, here: Here) -> list[str]:
    """The lines of a file of variables or labels: no blank ones, no remarks."""
    lines = [line.strip() for line in here.read(here.path(path)).splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def variables(lines: list[str], here: Here) -> dict[str, str]:
    """NAME=value lines; a name alone takes the value it has here, or is left out."""
    found: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not name.strip():
            raise Unreadable(marked("Recipe", "invalid environment variable “{0}”: write NAME=value"), line[:80])
        if equals:
            found[name] = value
        elif name in here.environment:
            found[name] = here.environment[name]
    return found
