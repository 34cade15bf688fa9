"""A long file is parsed service by service: what comes of it, and where it stands, is as if it was parsed whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.compose.faults import ComposeError
from engine.compose.text import document, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = [json.loads(line) for line in Path(__file__).with_name("reference.jsonl").read_text().splitlines()]
TEXTS = sorted({text for case in CASES for name, text in case["files"].items() if name.endswith((".yaml", ".yml"))})

SHOP = """\
name: shop  # of bread
x-note: {}
services:

  # the first
  web:
    image: nginx
    command: sh -c "a && b"
    ports:
      - "80:80"
  db:   # kept
    image: postgres
    environment: {A: 1,
      B: 2}
    text: |
      services:
        no: service
volumes:
  data: {}
"""

ODD = {
    "a flow that begins anew": SHOP.replace("B: 2}", "B: 2,\n  C: 3}"),
    "a section in a text": f'x-text: "first\nservices:\n  a: b\n\n  c"\n{SHOP.replace("services", "volumes", 1)}',
    "the same service twice": SHOP.replace("  db:", "  web:"),
    "a key twice": SHOP.replace("    image: postgres", "    image: postgres\n    image: mysql"),
    "a merge": SHOP.replace("  db:", "  <<: {other: {image: x}}\n  db:"),
    "an anchor": SHOP.replace("  web:", "  web: &web").replace("image: postgres", "<<: *web"),
    "two documents": f"{SHOP}---\n{SHOP}",
    "no services": SHOP.split("  web:")[0],
    "one that is not indented as the others": SHOP.replace("  db:", "   db:"),
    "a list": SHOP.replace("  web:", "  - web:"),
    "the mapping in one line": SHOP.split("services:")[0] + "services: {a: {image: x}}\n",
    "a tab": SHOP.replace("    image: nginx", "\timage: nginx"),
    "what ends in the middle": SHOP.split("postgres")[0],
    "an asked key": SHOP.replace("  db:", "  ? db\n  :"),
    "a tag": SHOP.replace("  db:", "  db: !reset"),
    "a key of several lines": SHOP.replace("  db:", '  "d\n  b":'),
}


def everywhere(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in below:
        yield from everywhere(each, (*path, key))


def told(text: str) -> Any:
    """Everything that can be known of a text: its values and where each stands, or what is wrong with it."""
    try:
        found = document.read(text, "compose.yaml")
    except ComposeError as error:
        return list(map(str, error.problems))
    missing = ("services", "web", "nothing")
    return [
        [(repr(each.value), path, each.mark(path), each.has(path)) for path in (*everywhere(each.value), missing)]
        for each in found
    ]


def whole_and_in_pieces(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.setattr(pieces, "LEAST", len(text) + 1)
    whole = told(text)
    monkeypatch.setattr(pieces, "LEAST", 0)
    return whole, told(text)


def test_every_file_of_the_reference_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = 0
    for text in TEXTS:
        whole, found = whole_and_in_pieces(text, monkeypatch)
        assert found == whole, text
        cut += pieces.pieces_of(text, "compose.yaml", lambda _node, _depth: None) is not None
    assert cut > len(TEXTS) // 2


@pytest.mark.parametrize("name", ["a usual one", *ODD])
def test_an_odd_file_is_the_same_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, found = whole_and_in_pieces(ODD.get(name, SHOP), monkeypatch)
    assert found == whole


def test_whatever_is_typed_or_taken_out_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(0, len(SHOP), 3):
        for text in (SHOP[:at] + SHOP[at + 1 :], SHOP[:at] + "\n" + SHOP[at:], SHOP[:at] + '"' + SHOP[at:]):
            whole, found = whole_and_in_pieces(text, monkeypatch)
            assert found == whole, text


def test_only_the_service_that_was_typed_in_is_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST", 0)
    first = document.read(SHOP, "/p/compose.yaml")[0].value["services"]
    second = document.read("# a new line\n" + SHOP.replace("80:80", "81:80"), "/p/compose.yaml")[0]
    assert second.value["services"]["db"] is first["db"]
    assert second.value["services"]["web"]["ports"] == ["81:80"]
    mark = second.mark(("services", "db", "image"))
    assert mark is not None
    assert (mark.line, mark.text) == (13, "    image: postgres")
