"""What each field says to values that it cannot be, in a body and on a line: `refused.txt`, to the letter.

After a change that is meant: `python -m tests.unit.recipe.test_refused_values`, and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.recipe.body import load
from engine.recipe.faults import Unreadable
from engine.recipe.line import read_line
from engine.recipe.rows import REFUSED, ROWS
from engine.recipe.words.here import this_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXPECTED = Path(__file__).with_name("refused.txt")
IN_A_BODY: tuple[Any, ...] = (
    5.5,
    "§",
    -7,
    True,
    {"a": 1},
    {"a": None},
    [1, {}],
    ["a:b:c:d"],
    [{"Name": "x"}],
    "container:",
)
ON_A_LINE = ("§", "-7", "1.5.5", "a:b:c:d", "type=x,size=y", "/a:b", "=x", "container:", "x" * 300)
ENDPOINTS: tuple[Any, ...] = (
    5, {"n": 5}, {"n": {"IPAMConfig": 5}}, {"n": {"IPAMConfig": {"LinkLocalIPs": ["169.254.0.1"]}}},
    {"n": {"Links": ["a:b"]}}, {"n": {"Aliases": 5}}, {"n": {"IPAMConfig": {"IPv4Address": 5}}},
    {"n": {"MacAddress": "x"}}, {"n": {"DriverOpts": {"a": "b"}}}, {"n": {"GwPriority": 3}},
)  # fmt: skip


def answer(ask: Callable[[], object]) -> str:
    try:
        ask()
    except Unreadable as error:
        return f"{error}{' (unsupported)' if error.unsupported else ''}"
    return "taken"


def of(key: str, value: Any) -> str:
    body: dict[str, Any] = {"Image": "x"}
    *above, last = key.split(".")
    place = body
    for name in above:
        place = place.setdefault(name, {})
    place[last] = value
    return answer(lambda: load(body))


def every() -> Iterator[str]:
    for row in ROWS:
        for value in IN_A_BODY if row.key else ():
            yield f"{row.key} {json.dumps(value, ensure_ascii=False)}: {of(row.key, value)}"
    for value in ENDPOINTS:
        yield f"EndpointsConfig {json.dumps(value)}: {of('NetworkingConfig.EndpointsConfig', value)}"
    for refused in REFUSED:
        for value in (1, "x", ["x"], {"x": 1}) if refused.key else ():
            yield f"{refused.key} {json.dumps(value)}: {of(refused.key, value)}"
        if refused.flag:
            yield f"--{refused.flag}: {line(refused.flag, 'x')}"
    for row in ROWS:
        for text in ON_A_LINE if row.flag and not row.flag.endswith("-file") else ():
            yield f"--{row.flag} {text[:20]}: {line(row.flag, text)}"


def line(flag: str, text: str) -> str:
    return answer(lambda: read_line(f"docker run '--{flag}={text}' app", this_place()))


def test_what_a_field_cannot_be_is_told_as_it_was() -> None:
    assert list(every()) == EXPECTED.read_text().splitlines()


if __name__ == "__main__":
    EXPECTED.write_text("".join(f"{each}\n" for each in every()))
