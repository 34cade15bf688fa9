"""Hostile text in all that the command prints: a terminal finds nothing in it to obey."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from engine.cli.printed.paper import inert, inert_but_for_colours, inert_cell, say, say_lines
from engine.cli.printed.tables import show, show_objects
from engine.cli.streams.progress import show_messages

if TYPE_CHECKING:
    import pytest

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\r\u202egpj.exe\x00\udc80"
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def is_inert(text: str) -> bool:
    return _OBEYED.search(text) is None


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert is_inert(inert(text))
    assert is_inert(inert_cell(text))
    assert "\n" not in inert_cell(text)
    inert(text).encode()


def test_what_can_be_read_stays_as_it_is() -> None:
    for text in ("plain", "Grüße, 東京", "a\tb\nc", "👩‍👩‍👧", "C:\\path"):
        assert inert(text) == text


@given(st.text())
def test_of_colours_only_colours_stay(text: str) -> None:
    left = re.sub("\x1b\\[[0-9;]*m", "", inert_but_for_colours(text))
    assert is_inert(left)


def test_a_build_keeps_its_colours_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    show_messages([{"stream": f"\x1b[1;32mok\x1b[0m {EVIL}\n".replace("\r", "")}, {"stream": "10%\r50%\rdone\n"}])
    out = capsys.readouterr().out
    assert out.startswith("\x1b[1;32mok\x1b[0m ")
    assert out.endswith("\ndone\n")
    assert "\x1b]" not in out
    assert "\x1b[2J" not in out


def test_tables_templates_and_inspections(capsys: pytest.CaptureFixture[str]) -> None:
    row: dict[str, Any] = {"Name": f"a{EVIL}\nb", "Ports": "80"}
    columns = [("NAME", "Name"), ("PORTS", "Ports")]
    for form in ("", "json", "table {{.Name}}\t{{.Ports}}", "{{.Name}}"):
        show([row], form, columns=columns)
        out = capsys.readouterr().out
        assert is_inert(out), form
    show([row], "", columns=columns)
    assert len(capsys.readouterr().out.splitlines()) == 2, "no name makes a line of its own"
    plain = {"Name": EVIL.removesuffix("\udc80")}
    show_objects([plain], "")
    out = capsys.readouterr().out
    assert is_inert(out)
    assert json.loads(out) == [plain], "what is JSON stays JSON, of the same value"


def test_lines_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    say("Error:", EVIL)
    assert is_inert(capsys.readouterr().out)
    out = io.StringIO()
    show_messages([{"status": EVIL, "id": EVIL}, {"status": f"Pulling from {EVIL}"}], stream=out)
    say_lines(out, f"x{EVIL}\n")
    assert is_inert(out.getvalue())
