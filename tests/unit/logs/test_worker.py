"""The programs that walk over whole logs, run in this process: what they find, number, tell and write."""

from __future__ import annotations

import gzip
import io
import json
import signal
import struct
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.logs.keeping.rotation import rotate
from engine.logs.reading.cursor import Chronicle
from engine.logs.searching import export, worker
from engine.logs.searching.asking import stretches
from engine.logs.searching.question import Question
from engine.logs.searching.worker import FRAME
from engine.logs.written.files import LogFiles, index_path
from tests.unit.logs.logtext import START_NS, numbered, physical, write_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[[Callable[[], None], dict[str, Any]], list[tuple[str, bytes]]]

LINES = 30_000


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Gives the frames that were told."""

    def doing(main: Callable[[], None], request: dict[str, Any]) -> list[tuple[str, bytes]]:
        out = io.BytesIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
        monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=out))
        before = signal.getsignal(signal.SIGALRM)
        try:
            main()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        frames, data = [], out.getvalue()
        while data:
            kind, length = FRAME.unpack(data[: FRAME.size])
            frames.append((kind.decode(), data[FRAME.size : FRAME.size + length]))
            data = data[FRAME.size + length :]
        return frames

    return doing


def pair(payload: bytes) -> tuple[int, int]:
    first, second = struct.unpack("<QQ", payload)
    return first, second


def numbers(frames: list[tuple[str, bytes]]) -> list[int]:
    found: list[int] = []
    for kind, payload in frames:
        if kind == "R":
            found += range(*pair(payload))
        elif kind == "M":
            found += [number for (number,) in struct.iter_unpack("<Q", payload)]
    return found


def asked(path: Path, **question: Any) -> dict[str, Any]:
    files = LogFiles(path)
    end = files.end
    files.close()
    known = vars(Question(**question))
    return {"task": "search", "path": str(path), "question": known, "end": end}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three files of one log, the oldest and the middle one with their index."""
    path = tmp_path / "container.log"
    for third in range(3):
        write_log(path, numbered(LINES // 3, first=third * LINES // 3))
        if third < 2:
            assert rotate(path, None, most_files=9)
    return path


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"pattern": "line 29999"}, [29_999]),
        ({"pattern": "line 1234"}, [1234, *range(12_340, 12_350)]),
        ({"pattern": "7"}, [n for n in range(LINES) if "7" in str(n)]),
        ({"pattern": ""}, list(range(LINES))),
        ({"pattern": "e 9{3}$", "regex": True}, [999]),
        ({"pattern": "nothing of that kind"}, []),
        ({"pattern": "", "since_ns": START_NS + 20_001 * 1_000_000}, list(range(20_001, LINES))),
        ({"pattern": "99", "until_ns": START_NS + 1_000 * 1_000_000}, [n for n in range(1001) if "99" in str(n)]),
    ],
    ids=["one", "a few", "many", "all", "expression", "none", "since", "until"],
)
def test_what_matches_is_told_by_number_over_all_files(
    run: Run, log: Path, question: dict[str, Any], expected: list[int]
) -> None:
    frames = run(worker.main, asked(log, **question))

    assert numbers(frames) == expected
    scanned, matches = pair(frames[-1][1])
    assert (frames[-1][0], matches) == ("E", len(expected))
    assert "since_ns" in question or scanned == LogFiles(log).end
    assert all(kind in "MRPE" for kind, _ in frames)
    assert [kind for kind, _ in frames].count("E") == 1


def test_a_hit_in_every_line_is_told_as_runs(run: Run, log: Path) -> None:
    frames = run(worker.main, asked(log, pattern=""))
    assert sum(kind == "R" for kind, _ in frames) < 20
    assert not any(kind == "M" for kind, _ in frames)


def test_a_stretch_is_searched_from_its_beginning_to_its_end(run: Run, log: Path) -> None:
    files = LogFiles(log)
    whole = asked(log, pattern="5")
    bounds = [0, *(mark for mark in (files.parts[1].base, files.parts[2].base)), files.end]
    files.close()
    found: list[int] = []
    for begin, end in pairwise(bounds):
        found += numbers(run(worker.main, whole | {"begin": begin, "end": end}))
    assert found == [n for n in range(LINES) if "5" in str(n)]


def test_lines_in_pieces_are_one_line_with_one_number(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "container.log"
    write_log(path, [physical(b"first"), physical(b"nee", tag="P"), physical(b"dle"), physical(b"needle")])
    assert numbers(run(worker.main, asked(path, pattern="needle"))) == [1, 2]
    long = physical(b"x" * 900_000, tag="P") + physical(b"y needle")
    write_log(path, [long, physical(b"last needle")])
    assert numbers(run(worker.main, asked(path, pattern="needle"))) == [1, 2, 3, 4]


def test_an_index_made_by_the_worker_is_exact(run: Run, log: Path) -> None:
    frames = run(worker.main, {"task": "index", "path": str(log)})
    files = LogFiles(log)
    assert pair(frames[-1][1])[0] == files.end
    assert index_path(log).exists()
    files.close()
    chronicle = Chronicle(log)
    assert chronicle.exact
    assert chronicle.known.number == LINES
    chronicle.close()


def test_an_expression_that_takes_too_long_is_broken_off(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "scan_block", lambda *_: signal.raise_signal(signal.SIGALRM))
    with pytest.raises(worker.TooLong, match="takes too long"):
        run(worker.main, asked(log, pattern="x"))


def test_stretches_cover_all_of_it_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.logs.searching.asking._WORTH_A_WORKER", 1 << 18)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    files = LogFiles(log)
    found = stretches(files)
    assert (found[0], found[-1]) == (files.start, files.end)
    assert found == sorted(set(found))
    assert len(found) > 2
    files.close()


# --- written to a file ---


def exported(run: Run, target: Path, *paths: Path, **options: Any) -> bytes:
    known = {"gzip": False, "ansi": True, "timestamps": False, "question": None}
    frames = run(export.main, {"paths": [str(path) for path in paths], "target": str(target)} | known | options)
    total = 0
    for path in paths:
        files = LogFiles(path)
        total += files.end - files.start
        files.close()
    assert frames[-1][0] == "E"
    assert pair(frames[-1][1])[0] == total
    assert [each.name for each in target.parent.iterdir() if each.name.startswith(".")] == []
    return target.read_bytes()


def test_histories_are_written_one_after_another(run: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "c.log", tmp_path / "two" / "c.log"
    write_log(one, [physical(b"\x1b[31mred\x1b[0m"), physical(b"to err", stream="stderr")])
    write_log(two, [physical(b"later", time_ns=START_NS + 1_500_000_000), physical(b"unended", tag="P")])
    out = tmp_path / "out"
    out.mkdir()

    assert exported(run, out / "a", one, two) == b"\x1b[31mred\x1b[0m\nto err\nlater\nunended\n"
    assert exported(run, out / "b", one, ansi=False) == b"red\nto err\n"
    stamped = exported(run, out / "c", two, timestamps=True).splitlines()
    assert stamped[0].endswith(b".500000000Z later")
    assert gzip.decompress(exported(run, out / "d", one, gzip=True, ansi=False)) == b"red\nto err\n"
    question = vars(Question(pattern="er"))
    assert exported(run, out / "e", one, two, question=question) == b"to err\nlater\n"


def test_what_cannot_be_written_leaves_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.log"
    write_log(path, [physical(b"x")])
    with pytest.raises(FileNotFoundError):
        exported(run, tmp_path / "missing" / "a", path)
    (tmp_path / "dir").mkdir()
    with pytest.raises(IsADirectoryError):
        exported(run, tmp_path / "dir", path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c.log", "dir"]
