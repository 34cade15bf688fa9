"""What is known of changes that no fast test can notice: a file of `rooms/` for each room, with a reason for each line.

[[same]]    # the program does the same: known by module, function and what the changed line says then
module = 'engine.registry.transport'
function = 'Transport._follow'
line = 'the line as it then reads'
why = "Names of HTTP's headers have no case."

[[kernel]]  # only a kernel, or a program beside, tells whether it is right; `test` is the one that asks it
module = 'engine.networks.way_out.attachment'
function = 'Attachment.join'  # or a class; a whole module without it
why = 'Moves a device into another namespace.'
test = 'tests/system/networks/test_reach.py'
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_PLACES = Path(__file__).with_name("rooms")


@functools.cache
def same() -> frozenset[tuple[str, str, str]]:
    return frozenset((each["module"], each["function"], each["line"]) for each in _lines("same"))


@functools.cache
def kernel() -> frozenset[tuple[str, str]]:
    for each in _lines("kernel"):
        module = REPOSITORY / (each["module"].replace(".", "/") + ".py")
        for named in (module, REPOSITORY / each["test"]):
            if not named.exists():
                raise SystemExit(f"{each['module']}: there is no {named.relative_to(REPOSITORY)}")
    return frozenset((each["module"], each.get("function", "")) for each in _lines("kernel"))


def is_of_kernel(module: str, function: str) -> bool:
    above = function.partition(".")[0]
    return not kernel().isdisjoint({(module, ""), (module, above), (module, function)})


def _lines(kind: str) -> list[dict[str, str]]:
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for place in sorted(_PLACES.glob("*.toml")):
        for each in tomllib.loads(place.read_text()).get(kind, []):
            key = (each["module"], each.get("function", ""), each.get("line", ""))
            if key in found or not each["why"]:
                raise SystemExit(f"{place.name}: {' '.join(key)} is listed twice, or without a reason")
            found[key] = each
    return list(found.values())
