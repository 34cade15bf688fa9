"""What the process answers that reads long project files: what it found, what is wrong, and within which bounds."""

from __future__ import annotations

import io
import json
import pickle
import resource
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from engine.compose.reading.loading import Project
from engine.errors import InvalidRequest
from engine.projects import worker
from engine.projects.reading import Texts, read_project, reading_shown
from engine.types.projects import ReadProject

FILE = "/p/bakery/compose.yaml"


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """What it would be bound to: this process has other things to do yet."""
    found: dict[int, Any] = {}
    monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
    return found


def answer(monkeypatch: pytest.MonkeyPatch, text: str, *, shown: bool, **fields: Any) -> Any:
    source = {"files": [FILE], "texts": {FILE: text}, **fields}
    asked = json.dumps({"source": source, "shown": shown, "most_bytes": 5 << 20, "most_seconds": 7}).encode()
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(asked)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
    worker.main()
    return pickle.loads(out.getvalue())


def test_a_project_is_answered_whole_or_as_it_is_shown(monkeypatch: pytest.MonkeyPatch, limits: dict[int, Any]) -> None:
    text = "services: {a: {image: x}}"
    kind, (project, texts) = answer(monkeypatch, text, shown=False)
    assert kind == "read"
    assert isinstance(project, Project)
    assert isinstance(texts, Texts)
    assert (list(project.services), texts.read[FILE]) == (["a"], text)
    here, _ = read_project(ReadProject(files=(FILE,), texts={FILE: text}))
    assert answer(monkeypatch, text, shown=True) == ("shown", reading_shown(here))
    assert limits == {resource.RLIMIT_AS: (5 << 20, 5 << 20), resource.RLIMIT_CPU: (7, 7)}


def test_what_is_wrong_is_answered_with_its_place(monkeypatch: pytest.MonkeyPatch, limits: dict[int, Any]) -> None:
    kind, (problem,) = answer(monkeypatch, "services: {a: {imag: x}}", shown=True)
    assert (kind, problem.path) == ("problems", ("services", "a", "imag"))


def test_what_cannot_be_read_at_all_is_answered_as_its_error(
    monkeypatch: pytest.MonkeyPatch, limits: dict[int, Any]
) -> None:
    kind, error = answer(monkeypatch, "", shown=True, files=[])
    assert (kind, type(error), error.title) == ("raised", InvalidRequest, "No compose file was named")
