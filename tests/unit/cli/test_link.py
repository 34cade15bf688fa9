"""The way to an engine: another one that was quicker to take the store answers a moment after ours gave up."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.cli.reach import link
from engine.cli.reach.wire import Failed, Unreachable


class Client:
    """Answers from a certain knock on."""

    path = "/run/docker.sock"

    def __init__(self, answers_at: int) -> None:
        self.knocks, self._answers_at = 0, answers_at

    def connect(self) -> Client:
        self.knocks += 1
        if self.knocks < self._answers_at:
            raise Unreachable(self.path)
        return self

    def close(self) -> None:
        """A connection was all that was wanted."""


@pytest.fixture
def our_own_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine we start finds the store taken."""

    def start(log: str) -> int:
        Path(log).write_text("has this store open\n")
        process = subprocess.Popen(["/bin/false"])
        process.returncode = 0  # whoever started it waits for it, not this object
        return process.pid

    monkeypatch.setenv("WHERRY_RUN", str(tmp_path))
    monkeypatch.setattr("engine.cli.serve.start_in_background", start)


@pytest.mark.usefixtures("our_own_ends")
def test_the_quicker_one_is_waited_for() -> None:
    client: Any = Client(answers_at=12)
    link._start(client)
    assert client.knocks == 12


@pytest.mark.usefixtures("our_own_ends")
def test_where_nobody_answers_our_own_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_OTHER_SECONDS", 0.1)
    client: Any = Client(answers_at=10**9)
    with pytest.raises(Failed, match="has this store open"):
        link._start(client)
