"""Shapes of single fields that no general one fits: where a build is, what a health check runs, a file mode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.compose.schema import short_forms as short
from engine.compose.schema.shapes import CommandLine, Fields, KeyValues, Reading, Shape, Text, Whole, whole_path

if TYPE_CHECKING:
    from engine.compose.faults import Path


class ExtraHosts(Shape):
    """Names and addresses of other machines."""

    word = "list or a mapping"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return short.extra_hosts(value, path, to)

    def merge(self, below: Any, above: Any) -> Any:
        return list(dict.fromkeys([*below, *above]))


class Context(Shape):
    """Where a build's files are: a directory here, or an address elsewhere."""

    word = "string"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if not isinstance(value, str):
            self._refuse(path, to)
            return None
        return value if is_address(value) else whole_path(value, to)


def is_address(text: str) -> bool:
    """A context that is fetched: of git, of the web, an image, another service."""
    return bool(
        re.match(
            r"(https?|git|ssh|docker-image|oci-layout|service|target)://?|service:|target:|git@|github\.com/", text
        )
    )


class Contexts(KeyValues):
    """A build's other contexts by name."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        read = super().read(value, path, to)
        if read is None:
            return None
        return {
            name: where if not where or is_address(where) else whole_path(where, to) for name, where in read.items()
        }


class Logging(Fields):
    """Options are merged where both are of one driver."""

    def merge(self, below: Any, above: Any) -> Any:
        if above.get("driver") and below.get("driver") and above["driver"] != below["driver"]:
            return above
        return super().merge(below, above)


class Ulimit(Fields):
    """One number for both limits, or one each."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return super().read(value, path, to) if isinstance(value, dict) else short.ulimit(value, path, to)

    def merge(self, below: Any, above: Any) -> Any:
        return super().merge(below, above) if isinstance(below, dict) and isinstance(above, dict) else above


class HealthTest(CommandLine):
    """A line for a shell, or a list that begins with how it is run."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return ["CMD-SHELL", value] if isinstance(value, str) else super().read(value, path, to)


class Count(Whole):
    """How many, or `all`."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return -1 if value == "all" else super().read(value, path, to)


class Entrypoints(Shape):
    """ssh of a build: `default`, NAME=PATH, as a list or a mapping; in long form the list."""

    word = "list or a mapping"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        read = KeyValues(bare=None).read(value, path, to)
        return None if read is None else [f"{name}={where}" if where else name for name, where in read.items()]

    def merge(self, below: Any, above: Any) -> Any:
        return list(dict.fromkeys([*below, *above]))


class PullPolicy(Text):
    """When an image is fetched."""

    known = ("always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly")

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        text = super().read(value, path, to)
        if text and text not in self.known and not re.match(r"every_(\d+[wdhms])+$", text):
            to.tell(path, f"'{text}' is no pull policy", "always, missing, never, build, daily, weekly or every_TIME")
        return "missing" if text == "if_not_present" else text


class FileMode(Whole):
    """Permissions, in octal as texts."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, str):
            try:
                return int(value, 8)
            except ValueError:
                to.tell(path, f"“{value}” is no file mode", "written like 0440")
                return None
        return super().read(value, path, to)
