"""A reader of what strangers write, as the fuzzer calls it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import WherryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.inputs import Kind


@dataclass(frozen=True)
class Reader:
    name: str
    kind: Kind
    read: Callable[[bytes], object]
    refuses: tuple[type[BaseException], ...] = (WherryError,)
    share: int = 1
    """Of the inputs of a run: the quick ones get more."""


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()


def keys_of(document: object) -> list[str]:
    """What JSON readers look for, as pieces of JSON."""
    found = {f'"{key}":' for key in re.findall(r'"(\w+)":', json.dumps(document))}
    odd = ["{", "}", "[", "]", "[[[[[[", '{"a":' * 8, "1e400", "-0", "18446744073709551616", '"\\u0000"', '"\\ud800"']
    return [*sorted(found), *odd]
