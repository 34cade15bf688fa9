"""Transcripts: what is typed, what the engine is asked and answers, and what is printed, as one text.

    ## A title: what a person would miss
    % KEY=value                     a variable of the environment
    % file NAME = "text"            a file in the directory where it is typed; `folder NAME` an empty directory,
                                    `tar NAME = {"MEMBER": "text"}` an archive
    % stdin = "y\\n"
    % unordered                     what is asked at once is sorted here, and so is what is printed
    < GET /path = [STATUS] JSON     what the engine answers; as often as it stands there, the last for ever.
                                    `lines [...]` one JSON value a line, `frames [[1, "out"], [2, "err"]]` a process's
                                    output, `text "..."` as it is, `with {...}` headers before any of them;
                                    `held` never comes
      more of it                    where a line would be too long
    $ wherry verb and words
    > GET /path?all=1 {"body"}      what it was asked, in this order
    | a line on stdout
    ! a line on stderr
    = 1                             the exit code, where it is not 0
    ? NAME = "text"                 a file afterwards, where `% look NAME` asks for it

What stands above the first title holds for all of a file. `"$ago 60"` in an answer is a moment so many seconds ago,
`"$iso 60"` the same in words.
`python -m tests.unit.cli.transcript FILE...` writes what is printed and asked today: read the difference, all of it.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.scripted_peer import Reply

PLACE = Path(__file__).with_name("transcripts")
_AGO = re.compile(r'"\$(ago|iso) (\d+)"')
_GIVEN, _CAME = ("%", "<"), (">", "|", "!", "=", "?")


@dataclass
class Case:
    title: str
    above: list[str]
    given: list[str] = field(default_factory=list)
    """The lines that stand above what is typed."""
    typed: str = ""
    came: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        return shlex.split(self.typed.removeprefix("wherry"))

    @property
    def is_unordered(self) -> bool:
        return "% unordered" in self.given

    def settings(self) -> list[tuple[str, str]]:
        """Of the lines with %: what is set, and to what."""
        lines = [line[1:].strip() for line in (*self.above, *self.given) if line.startswith("%")]
        return [(name.strip(), value.strip()) for name, _, value in (line.partition("=") for line in lines)]

    def answers(self) -> dict[str, list[Reply]]:
        own: dict[str, list[Reply]] = {}
        for line in self.given:
            _note(own, line)
        for_all: dict[str, list[Reply]] = {}
        for line in self.above:
            _note(for_all, line)
        return for_all | own


def _note(answers: dict[str, list[Reply]], line: str) -> None:
    if line.startswith("<"):
        key, _, said = line[1:].partition(" = ")
        answers.setdefault(key.strip(), []).append(_reply(said.strip()))


def _reply(said: str) -> Reply:
    said = _AGO.sub(_moment, said)
    reply = Reply()
    if said == "held":
        return Reply(0)
    if match := re.match(r"(\d{3})\b *", said):
        reply.status, said = int(match[1]), said[match.end() :]
    if said.startswith("with "):
        reply.headers, end = json.JSONDecoder().raw_decode(said, len("with "))
        said = said[end:].strip()
    kind, _, rest = said.partition(" ")
    reply.body = _body(kind, rest) if kind in ("lines", "frames", "text") else said.encode()
    return reply


def _moment(match: re.Match[str]) -> str:
    moment = int(time.time()) - int(match[2])
    return str(moment) if match[1] == "ago" else f'"{datetime.fromtimestamp(moment, UTC).isoformat()}"'


def _body(kind: str, said: str) -> bytes:
    value: Any = json.loads(said)
    if kind == "lines":
        return b"".join(json.dumps(each).encode() + b"\n" for each in value)
    if kind == "text":
        return str(value).encode()
    parts = [(number, text.encode()) for number, text in value]
    return b"".join(bytes((number, 0, 0, 0)) + len(data).to_bytes(4, "big") + data for number, data in parts)


def read(text: str) -> tuple[list[str], list[Case]]:
    """The lines above the first title, and the cases."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("  ") and lines and lines[-1].startswith(_GIVEN):
            lines[-1] += f"\n{line}"
        elif line.strip():
            lines.append(line)
    above: list[str] = []
    cases: list[Case] = []
    for line in lines:
        if line.startswith("## "):
            if any(each.title == line.removeprefix("## ") for each in cases):
                raise ValueError(f"{line!r} stands there twice")
            cases.append(Case(line.removeprefix("## "), above))
        elif not cases:
            above.append(line)
        elif line.startswith("$ "):
            cases[-1].typed = line.removeprefix("$ ")
        elif line.startswith(_GIVEN):
            cases[-1].given.append(line)
        elif line.startswith(_CAME):
            cases[-1].came.append(line)
        else:
            raise ValueError(f"{line!r} is no line of a transcript")
    return above, cases


def write(above: list[str], cases: list[Case]) -> str:
    parts = ["\n".join(above)] if above else []
    parts += ["\n".join([f"## {each.title}", *each.given, f"$ {each.typed}", *each.came]) for each in cases]
    return "\n\n".join(parts) + "\n"


def text_of(value: str) -> str:
    return str(json.loads(value))


def as_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def printed(mark: str, text: str) -> list[str]:
    """Each line with its mark; one without an end says so."""
    lines = [f"{mark} {line}".rstrip(" ") for line in text.split("\n")]
    return lines[:-1] if text.endswith("\n") or not text else [*lines[:-1], f"{lines[-1]}⏎"]


def all_cases() -> list[tuple[str, Case]]:
    found = [(path.stem, each) for path in sorted(PLACE.glob("*.txt")) for each in read(path.read_text())[1]]
    return [(f"{stem}: {each.title}", each) for stem, each in found]


def main() -> int:
    came: dict[str, list[str]] = {}

    class Keeping:
        def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
            if call.when == "call":
                came[item.name] = [str(line) for name, line in item.user_properties if name == "came"]

    wanted = [Path(each) for each in sys.argv[1:]]
    pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", str(PLACE.parent / "test_transcripts.py")], [Keeping()])
    for path in wanted:
        above, cases = read(path.read_text())
        for each in cases:
            each.came = came[f"test_transcript[{path.stem}: {each.title}]"]
        path.write_text(write(above, cases))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
