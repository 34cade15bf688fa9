"""Tail, ranges and times of a history: the same lines and numbers whatever is indexed, rotated or dropped."""

from __future__ import annotations

import errno
import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from engine.logs.keeping.archive import LogArchive
from engine.logs.keeping.rotation import drop_oldest, name_early, rotate, unattended_limit
from engine.logs.reading import cursor as cursor_module
from engine.logs.reading.cursor import Chronicle
from engine.logs.written.files import LogFiles, index_path, rotated_files
from engine.logs.written.upkeep import bring_up_to_date, load_indexes
from tests.unit.logs.logtext import START_NS, numbered, physical, plain_reading, write_log

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "c" / "container.log"


def _mixed(count: int, seed: int) -> list[bytes]:
    """Lines of all lengths on both streams, a good part of them in pieces."""
    dice = random.Random(seed)
    lines = []
    for n in range(count):
        stream = dice.choice(["stdout", "stderr"])
        text = b"%d " % n + b"x" * dice.choice([0, 5, 80, 80, 80, 3000])
        lines.append(physical(text, time_ns=START_NS + n * 1000, stream=stream, tag=dice.choice("FFFP")))
    return lines


def _texts(chronicle: Chronicle) -> list[tuple[str, str]]:
    return [(line.stream, line.text) for line in chronicle.at_start().drain()]


@pytest.mark.parametrize("seed", range(4))
def test_every_line_is_found_by_its_number(log: Path, seed: int) -> None:
    raw = _mixed(4000, seed)
    write_log(log, raw)
    expected = [(stream, text.decode()) for stream, text in plain_reading(b"".join(raw))]
    chronicle = Chronicle(log)
    assert chronicle.exact
    assert _texts(chronicle) == expected
    dice = random.Random(seed)
    for number in [0, 1, len(expected) - 1, *(dice.randrange(len(expected)) for _ in range(50))]:
        first = chronicle.at_number(number).take()[0]
        assert (first.number, first.stream, first.text) == (number, *expected[number])
    chronicle.close()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.bulk
def test_the_tail_without_an_index_is_the_tail_with_one(log: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(log, _mixed(4000, seed))
    with monkeypatch.context() as patch:
        patch.setattr(cursor_module, "_AT_ONCE", 0)
        blind = Chronicle(log)
    exact = Chronicle(log)
    assert exact.exact
    assert not blind.exact
    for count in (0, 1, 7, 500, 10**6):
        for stdout, stderr in ((True, True), (True, False), (False, True)):
            wanted = [
                (line.stream, line.text)
                for line in exact.at_start().drain()
                if (stderr if line.stream == "stderr" else stdout)
            ]
            found = [
                (line.stream, line.text)
                for line in blind.at_tail(count, stdout=stdout, stderr=stderr).drain()
                if (stderr if line.stream == "stderr" else stdout)
            ]
            assert found == (wanted[-count:] if count else [])
    exact.close()
    blind.close()


def test_an_estimate_is_near_the_truth(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(log, numbered(20_000))
    monkeypatch.setattr(cursor_module, "_AT_ONCE", 0)
    chronicle = Chronicle(log)
    summary = chronicle.summary()
    assert not summary.indexed
    assert summary.lines == pytest.approx(20_000, rel=0.1)
    assert summary.last_ns == START_NS + 19_999 * 1_000_000
    chronicle.close()


def test_by_time(log: Path) -> None:
    write_log(log, numbered(30_000))
    chronicle = Chronicle(log)
    for number in (0, 1, 15_000, 29_999):
        assert chronicle.at_time(START_NS + number * 1_000_000).take()[0].number == number
    assert chronicle.at_time(START_NS + 10**15).take() == []
    assert chronicle.at_time(0).take()[0].number == 0
    chronicle.close()


@pytest.mark.bulk
def test_a_saved_index_is_used_and_grows(log: Path) -> None:
    write_log(log, numbered(50_000))
    Chronicle(log).close()
    assert index_path(log).exists()
    write_log(log, numbered(50_000, first=50_000))
    chronicle = Chronicle(log)
    assert chronicle.known.number == 100_000
    assert chronicle.at_number(99_999).take()[0].text == "line 99999"
    chronicle.close()


@pytest.mark.bulk
def test_an_index_of_another_file_is_not_believed(log: Path) -> None:
    write_log(log, numbered(50_000))
    Chronicle(log).close()
    log.unlink()
    write_log(log, numbered(60_000, first=7))
    chronicle = Chronicle(log)
    assert chronicle.known.number == 60_000
    assert chronicle.at_number(0).take()[0].text == "line 7"
    chronicle.close()


@pytest.mark.parametrize("damage", [b"", b"short", b"\xff" * 4000])
def test_a_damaged_index_is_made_anew(log: Path, damage: bytes) -> None:
    write_log(log, numbered(50_000))
    Chronicle(log).close()
    index_path(log).write_bytes(damage)
    chronicle = Chronicle(log)
    assert chronicle.known.number == 50_000
    chronicle.close()


def test_rotated_files_are_one_history(log: Path) -> None:
    raw = _mixed(6000, 9)
    expected = [(stream, text.decode()) for stream, text in plain_reading(b"".join(raw))]
    for at in range(0, 6000, 1000):
        write_log(log, raw[at : at + 1000])
        if at < 5000:
            assert rotate(log, None, most_files=99)
    assert len(rotated_files(log)) == 5
    chronicle = Chronicle(log)
    assert _texts(chronicle) == expected
    for number in range(0, len(expected), 97):
        assert chronicle.at_number(number).take()[0].text == expected[number][1]
    tail = [line.text for line in chronicle.at_tail(2000).drain()]
    assert tail == [text for _, text in expected[-2000:]]
    chronicle.close()


def _conmon_begins_anew(log: Path) -> None:
    """As conmon does it, asked by us or by its own limit: over whatever has the path."""
    beside = log.with_name(f"{log.name}.tmp")
    beside.write_bytes(b"")
    beside.replace(log)


def test_what_conmon_would_throw_away_is_kept(log: Path) -> None:
    write_log(log, numbered(100))
    chronicle = Chronicle(log)
    assert name_early(log)
    assert name_early(log)
    write_log(log, numbered(50, first=100))
    _conmon_begins_anew(log)
    write_log(log, numbered(50, first=150))
    _conmon_begins_anew(log)
    write_log(log, numbered(10, first=200))
    # Nobody looked between the second and the third: of those that have no name the newest is there.
    kept = [*range(150), *range(200, 210)]
    while chronicle.files.grown():
        pass
    fresh = Chronicle(log)
    for one in (chronicle, fresh):
        one.update()
        assert [line.text for line in one.at_start().drain()] == [f"line {n}" for n in kept]
        one.close()


def test_a_rotation_leaves_the_naming_to_us_and_the_rest_to_conmon(log: Path, tmp_path: Path) -> None:
    control = tmp_path / "ctl"
    os.mkfifo(control)
    reader = os.open(control, os.O_RDONLY | os.O_NONBLOCK)
    write_log(log, numbered(10))
    inode = log.stat().st_ino
    assert rotate(log, control, most_files=9) == inode
    assert os.read(reader, 100) == b"2 0 0\n"
    os.close(reader)
    # conmon writes on until it has read that.
    assert log.stat().st_ino == inode
    write_log(log, numbered(5, first=10))
    _conmon_begins_anew(log)
    assert rotate(log, control, most_files=9) == 0
    write_log(log, numbered(5, first=15))
    chronicle = Chronicle(log)
    assert [line.text for line in chronicle.at_start().drain()] == [f"line {n}" for n in range(20)]
    assert len(chronicle.files.parts) == 2
    chronicle.close()


def test_the_limit_of_conmon_is_no_limit_of_a_file() -> None:
    assert unattended_limit(1 << 20, 3) == 256 << 20
    assert unattended_limit(1 << 30, 3) == 3 << 30


@pytest.mark.bulk
def test_numbers_outlive_the_lines_that_were_dropped(log: Path) -> None:
    for at in range(0, 5000, 1000):
        write_log(log, numbered(1000, first=at))
        rotate(log, None, most_files=3)
    write_log(log, numbered(10, first=5000))
    drop_oldest(log, 3)
    chronicle = Chronicle(log)
    first = chronicle.at_start().take()[0]
    assert (first.number, first.text) == (3000, "line 3000")
    assert chronicle.first_number == 3000
    assert chronicle.summary().lines == 2010
    assert chronicle.at_number(0).take()[0].number == 3000
    chronicle.close()


def test_even_with_one_file_allowed_the_newest_lines_stay(log: Path) -> None:
    write_log(log, numbered(100))
    rotate(log, None, most_files=1)
    chronicle = Chronicle(log)
    assert chronicle.at_tail(1).take()[0].text == "line 99"
    chronicle.close()


def test_a_reader_goes_through_a_rotation(log: Path) -> None:
    write_log(log, numbered(10))
    chronicle = Chronicle(log)
    reader = chronicle.at_start()
    assert len(reader.drain()) == 10
    rotate(log, None, most_files=9)
    renamed = rotated_files(log)[0][1]
    # conmon has not reopened yet: it writes on to the renamed file.
    write_log(renamed, numbered(5, first=10))
    assert reader.files.grown()
    assert [line.number for line in reader.drain()] == list(range(10, 15))
    write_log(log, numbered(5, first=15))
    assert reader.files.grown()
    assert [(line.number, line.text) for line in reader.drain()] == [(n, f"line {n}") for n in range(15, 20)]
    chronicle.close()


def test_a_reader_finds_a_file_that_came_and_was_rotated_between_two_looks(log: Path) -> None:
    write_log(log, numbered(10))
    chronicle = Chronicle(log)
    reader = chronicle.at_start()
    reader.drain()
    rotate(log, None, most_files=9)
    write_log(log, numbered(10, first=10))
    rotate(log, None, most_files=9)
    assert reader.files.grown()
    assert [line.number for line in reader.drain()] == list(range(10, 20))
    assert not reader.files.grown()
    chronicle.close()


def test_history_of_a_name_goes_on(tmp_path: Path) -> None:
    archive = LogArchive(tmp_path / "history")
    for run in range(3):
        log = tmp_path / f"c{run}" / "container.log"
        write_log(log, numbered(1000, first=run * 1000))
        rotate(log, None, most_files=9)
        write_log(log, numbered(500, first=run * 1000 + 1000))
        archive.take(log, "web")
        assert not log.exists()
    assert archive.names() == ["web"]
    path = archive.path("web")
    assert path is not None
    chronicle = Chronicle(path)
    lines = chronicle.at_start().drain()
    assert [line.number for line in lines] == list(range(4500))
    assert chronicle.at_number(1500).take()[0].text == "line 1000"
    chronicle.close()


def test_history_keeps_to_its_quota_oldest_first(tmp_path: Path) -> None:
    archive = LogArchive(tmp_path / "history")
    for age, name in enumerate(["old", "newer", "newest"]):
        log = tmp_path / name / "container.log"
        write_log(log, numbered(1000))
        archive.take(log, name)
        path = archive.path(name)
        assert path is not None
        os.utime(rotated_files(path)[0][1], (age, age))
    archive.trim(archive.size() - 1)
    assert archive.names() == ["newer", "newest"]


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden"])
def test_history_takes_no_name_that_is_a_path(tmp_path: Path, name: str) -> None:
    assert LogArchive(tmp_path).path(name) is None


def test_the_index_grows_in_steps(log: Path) -> None:
    write_log(log, numbered(20_000))
    files = LogFiles(log)
    indexes = load_indexes(files)
    steps = 0
    while not bring_up_to_date(files, indexes, save=False, most=100_000):
        steps += 1
    assert steps >= 3
    assert indexes[0].end.number == 20_000
    files.close()


def test_a_log_that_goes_while_it_is_read_is_read_to_its_end(log: Path) -> None:
    """Its container is removed with the Logs tab open: the index has no place any more, and is not needed."""
    write_log(log, _mixed(20_000, 7))
    files = LogFiles(log)
    indexes = load_indexes(files)
    shutil.rmtree(log.parent)
    assert bring_up_to_date(files, indexes, save=True)
    assert indexes[-1].end.offset == files.end
    files.close()


def test_an_index_that_has_no_room_leaves_nothing_half_written(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_log(log, _mixed(2_000, 7))
    files = LogFiles(log)
    indexes = load_indexes(files)

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(type(log), "replace", full)
    assert bring_up_to_date(files, indexes, save=True)
    files.close()
    assert [path.name for path in log.parent.iterdir()] == [log.name]
