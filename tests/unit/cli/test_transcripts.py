"""Verbs from the words typed to the words printed and the requests made, as the files in `transcripts` say."""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from engine.cli.containers import watching
from engine.cli.main import main
from engine.version import own_version
from tests.unit.cli import transcript
from tests.unit.cli.scripted_peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.stores import ShortTmp

_CASES = transcript.all_cases()
_HOME = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG", "WHERRY_ROOT")
_SAID_ELSEWHERE = (
    "WHERRY_HOST", "WHERRY_CONTEXT", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "KUBECONFIG",
)  # fmt: skip
_VERSION = re.compile(rf"(?<![\d.]){re.escape(own_version())}(?![\d.])")


@pytest.fixture
def peer(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """In a directory of its own, at a home of its own, in the zone of Greenwich."""
    work = short_tmp.path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in _SAID_ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    for name in _HOME:
        monkeypatch.setenv(name, str(short_tmp.path / "home"))
    monkeypatch.setenv("WHERRY_RUN", str(short_tmp.run))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(watching, "_SECONDS", 0.0)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    peer = Peer(short_tmp.run / "docker.sock")
    yield peer
    peer.close()
    monkeypatch.undo()
    time.tzset()


def _set(case: transcript.Case, monkeypatch: pytest.MonkeyPatch, work: Path) -> list[str]:
    """What to look at afterwards."""
    looked_at, typed = [], ""
    for name, value in case.settings():
        kind, _, rest = name.partition(" ")
        if kind == "file":
            (work / rest).parent.mkdir(parents=True, exist_ok=True)
            (work / rest).write_text(transcript.text_of(value))
        elif kind == "folder":
            (work / rest).mkdir(parents=True)
        elif kind == "look":
            looked_at.append(rest)
        elif kind == "stdin":
            typed = transcript.text_of(value)
        else:
            monkeypatch.setenv(kind, value)
    (work / ".stdin").write_text(typed)
    return looked_at


def _seen(path: Path) -> str:
    if path.is_dir():
        return f"holds {' '.join(sorted(each.name for each in path.iterdir())) or 'nothing'}"
    return f"= {transcript.as_text(path.read_text())}" if path.exists() else "is not there"


@pytest.mark.parametrize(("name", "case"), [pytest.param(name, case, id=name) for name, case in _CASES])
def test_transcript(
    name: str,
    case: transcript.Case,
    peer: Peer,
    short_tmp: ShortTmp,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    work = short_tmp.path / "work"
    looked_at = _set(case, monkeypatch, work)
    peer.answers = case.answers()
    with (work / ".stdin").open() as typed, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", typed)
        kept = os.dup(0)
        os.dup2(typed.fileno(), 0)
        try:
            code = main(case.words)
        finally:
            os.dup2(kept, 0)
            os.close(kept)
    peer.settle()
    (work / ".stdin").unlink()
    captured = capfd.readouterr()

    came = [f"> {each}" for each in peer.asked]
    came += transcript.printed("|", captured.out) + transcript.printed("!", captured.err)
    came += [f"= {code}"] if code else []
    came += [f"? {each} {_seen(work / each)}" for each in looked_at]
    came = [_VERSION.sub("/VERSION", line.replace(str(short_tmp.path), "/TMP")) for line in came]
    request.node.user_properties += [("came", line) for line in came]
    assert came == case.came
