"""Hostile and damaged log files: pieces, torn records, zeros, clocks that jump, long lines, bytes of all kinds, grown
in bits and rotated anywhere. Whatever is in them, all ways of reading agree with each other, and nothing raises.

`python -m tests.fuzz.test_logs 10000` tries that many and says so.
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.logs.keeping.rotation import rotate
from engine.logs.reading import cursor
from engine.logs.reading.cursor import Chronicle
from engine.logs.searching import worker
from engine.logs.searching.question import Question, compile_question
from engine.logs.searching.worker import Search
from engine.logs.written import format, index, upkeep
from engine.logs.written.files import LogFiles
from tests.unit.logs.logtext import START_NS, physical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.logs.searching.scan import Numbers
    from engine.types.logs import LogLine


class _Found:
    """The search worker's output, kept."""

    def __init__(self) -> None:
        self.numbers_found: list[int] = []

    def numbers(self, numbers: Numbers) -> None:
        self.numbers_found += numbers

    def progress(self, scanned: int, *, last: bool = False) -> None:
        pass


def hostile_log(dice: random.Random) -> Iterator[bytes]:
    """Writes, one after another, as conmon, a full disk, a power cut and a mad clock leave them."""
    now = START_NS
    for _ in range(dice.randrange(1, 120)):
        now += dice.choice([0, 1000, 10**6, 10**9, -(10**9), 10**16, -(10**16)]) if dice.random() < 0.3 else 1000
        stream, tag = dice.choice(["stdout", "stderr"]), dice.choice("FFFFP")
        line = physical(_text(dice), time_ns=max(0, now), stream=stream, tag=tag)
        match dice.randrange(14):
            case 0:
                yield line[: dice.randrange(len(line))]  # cut short, and the next one follows at once
            case 1:
                yield bytes(dice.randrange(1, 50)) + line
            case 2:
                yield bytes(dice.randrange(256) for _ in range(dice.randrange(60)))
            case 3:
                yield dice.choice([b"\n", b"\n\n", b" stdout F \n", b"2026-11-21T00:00:00.000000000+00:00 stdout F"])
            case _:
                yield line


def _text(dice: random.Random) -> bytes:
    words = [b"GET /", b"error", b"\xff\xfe", b"\0", b"\r", b"\x1b[31m", "é".encode(), b" stderr P ", b"{", b"2026-1"]
    text = b" ".join(dice.choice(words) for _ in range(dice.randrange(5)))
    return text + b"x" * dice.choice([0, 0, 0, 30, 900])


def check(seed: int, place: Path) -> None:
    """Write one log in bits, looking at it meanwhile, and read it in all ways."""
    dice = random.Random(seed)
    log = place / "container.log"
    with ExitStack() as stack:
        _make_small(stack, dice)
        for piece in hostile_log(dice):
            with open(log, "ab") as file:
                file.write(piece)
            if dice.random() < 0.1:
                Chronicle(log).close()
            if dice.random() < 0.05 and piece.endswith(b"\n"):
                rotate(log, None, most_files=99)
        with open(log, "ab") as file:
            file.write(b"\n")
        chronicle = Chronicle(log)
        try:
            _all_ways_agree(chronicle, log, dice)
        finally:
            chronicle.close()


def _make_small(stack: ExitStack, dice: random.Random) -> None:
    """So that every log has many blocks and marks, and lines longer than both."""
    for module, name, value in (
        (upkeep, "STEP", 400), (index, "_GRAIN", dice.choice([100, 300])), (cursor, "BLOCK", dice.choice([64, 1000])),
        (worker, "_BLOCK", dice.choice([128, 2000])), (cursor, "_SAVE_FROM", dice.choice([1, 5000])),
        (format, "JOIN_WINDOW", window := dice.choice([3000, 10**6])), (cursor, "JOIN_WINDOW", window),
    ):  # fmt: skip
        stack.enter_context(mock.patch.object(module, name, value))


def _all_ways_agree(chronicle: Chronicle, log: Path, dice: random.Random) -> None:
    whole = chronicle.at_start().drain()
    assert [line.number for line in whole] == list(range(len(whole)))
    assert chronicle.exact
    assert chronicle.summary().lines == len(whole)
    for _ in range(8):
        number = dice.randrange(len(whole) + 1)
        assert chronicle.at_number(number).drain() == whole[number:]
        assert chronicle.at_tail(number).drain() == whole[len(whole) - number :]
    for question in (
        Question(pattern="error"),
        Question(pattern="GET", inverse=True),
        Question(pattern="[eé]", regex=True),
        Question(pattern="", stdout=False),
        Question(pattern="^x", regex=True),
    ):
        assert _sure(_searched(log, question), whole) == _sure(_slowly(whole, question), whole)


def _sure(numbers: Sequence[int], whole: Sequence[LogLine]) -> Sequence[int]:
    """Without torn lines: there a search promises nothing where others are glued to them (`count_if_whole`)."""
    return [number for number in numbers if not _is_torn(whole[number])]


def _is_torn(line: LogLine) -> bool:
    return line.time_ns == 0 or line.text.startswith("20") or " stdout F " in line.text or " stderr F " in line.text


def _searched(log: Path, question: Question) -> Sequence[int]:
    files, found = LogFiles(log), _Found()
    Search(files, compile_question(question), 0, files.end, found).run()  # type: ignore[arg-type] # only these methods
    files.close()
    return found.numbers_found


def _slowly(lines: Sequence[LogLine], question: Question) -> Sequence[int]:
    plan = compile_question(question)
    return [
        line.number
        for line in lines
        if plan.accepts(int(line.stream == "stderr"), line.text.encode("utf-8", "replace"))
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 32))
def test_all_ways_of_reading_agree(seed: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        check(seed, Path(place))


if __name__ == "__main__":
    for seed in range(int(sys.argv[1])):
        with tempfile.TemporaryDirectory() as directory:
            try:
                check(seed, Path(directory))
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
    sys.stdout.write(f"{sys.argv[1]} logs, all ways of reading agreed\n")
