"""Verbs from the words typed to the words printed and the requests made, as the files in `transcripts` say."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from engine.cli.main import main
from engine.version import own_version
from tests.unit.cli import transcript
from tests.unit.cli.scripted_peer import Peer, members, tar_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp

_CASES = transcript.all_cases()
_VERSION = re.compile(rf"(?<![\d.]){re.escape(own_version())}(?![\d.])")


def _set(case: transcript.Case, monkeypatch: pytest.MonkeyPatch, work: Path) -> list[str]:
    """What to look at afterwards."""
    looked_at, typed = [], ""
    for name, value in case.settings():
        kind, _, rest = name.partition(" ")
        if kind == "file":
            (work / rest).parent.mkdir(parents=True, exist_ok=True)
            (work / rest).write_text(transcript.text_of(value).replace("/TMP", str(work.parent)))
        elif kind == "tar":
            (work / rest).write_bytes(tar_of(json.loads(value)))
        elif kind == "folder":
            (work / rest).mkdir(parents=True)
        elif kind == "look":
            looked_at.append(rest)
        elif kind == "unordered":
            continue
        elif kind == "stdin":
            typed = transcript.text_of(value)
        else:
            monkeypatch.setenv(kind, value.replace("/TMP", str(work.parent)))
    (work.parent / "stdin").write_text(typed)
    return looked_at


def _seen(path: Path) -> str:
    if path.is_dir():
        return f"holds {' '.join(sorted(each.name for each in path.iterdir())) or 'nothing'}"
    if not path.exists():
        return "is not there"
    body = path.read_bytes()
    if body[257:262] == b"ustar":
        return f"is a tar of {', '.join(members(body))}"
    return f"= {transcript.as_text(body.decode())}"


def _environment_text() -> str:
    return json.dumps(dict(os.environ), separators=(",", ":"))


def _place(place: ShortTmp) -> str:
    """What kube's verbs say of the cluster where nothing else is said."""
    where = {"context": "", "namespace": "", "files": [], "environment": dict(os.environ)}
    return json.dumps(where | {"home": str(place.path / "home")}, separators=(",", ":"))


def _source(place: ShortTmp) -> str:
    """What compose's verbs say of the compose.yaml in this directory where nothing else is said."""
    work, home = place.path / "work", place.path / "home"
    before = {"files": [f"{work}/compose.yaml"], "directory": str(work), "name": "", "profiles": [], "env_files": []}
    source = before | {"environment": dict(os.environ), "home": str(home), "texts": {}}
    return json.dumps(source, separators=(",", ":"))


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
    with (work.parent / "stdin").open() as typed, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", typed)
        kept, others = os.dup(0), set(threading.enumerate())
        os.dup2(typed.fileno(), 0)
        try:
            code = main([word.replace("/TMP", str(short_tmp.path)) for word in case.words])
        finally:
            os.dup2(kept, 0)
            os.close(kept)
    peer.let_go()
    for thread in set(threading.enumerate()) - others:
        if thread.is_alive():  # one of the peer's may just be about to start
            thread.join(20)  # what a verb leaves to a thread of its own belongs to what came of it
    peer.settle()
    captured = capfd.readouterr()

    asked, said = [f"> {each}" for each in peer.asked], transcript.printed("|", captured.out)
    if case.is_unordered:
        asked, said = sorted(asked), sorted(said)
    for text, mark in (
        (_source(short_tmp), "/SOURCE"),
        (_place(short_tmp), "/PLACE"),
        (_environment_text(), "/ENVIRONMENT"),
    ):
        asked = [line.replace(text, mark) for line in asked]
    came = list(asked)
    came += said + transcript.printed("!", captured.err)
    came += [f"= {code}"] if code else []
    came += [f"? {each} {_seen(work / each)}" for each in looked_at]
    came = [_VERSION.sub("/VERSION", line.replace(str(short_tmp.path), "/TMP")) for line in came]
    request.node.user_properties += [("came", line) for line in came]
    assert came == case.came
