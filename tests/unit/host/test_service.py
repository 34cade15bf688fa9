"""Settings survive and are checked, the service tells facts that were read, `wherry doctor` exits right."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.cli import doctor as command
from engine.errors import InvalidRequest
from engine.host import doctor
from engine.host.host_service import EngineParts, HostService
from engine.host.settings import SettingsStore
from engine.state.database import Database
from engine.storage.paths import Paths
from engine.types.host import HostCheck, HostReport, Settings, StoreProblem, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@asynccontextmanager
async def settings_at(path: Path) -> AsyncIterator[tuple[Database, SettingsStore]]:
    database = await Database.open(path / "state.sqlite")
    try:
        yield database, await SettingsStore.open(database)
    finally:
        await database.close()


async def test_settings_survive_and_listeners_hear(tmp_path: Path) -> None:
    heard: list[Settings] = []
    chosen = Settings(driver="fuse-overlayfs", parallel_downloads=2)
    async with settings_at(tmp_path) as (_, store):
        assert store.current == Settings()
        store.on_change(heard.append)
        await store.change(chosen)
        assert (heard, store.current) == ([chosen], chosen)
    async with settings_at(tmp_path) as (_, store):
        assert store.current == chosen


BAD = (
    Settings(driver="vfs"),
    Settings(parallel_downloads=0),
    Settings(default_log_max_bytes=1),
    Settings(default_log_max_files=0),
    Settings(history_max_bytes=-1),
    Settings(stats_background_seconds=0.0),
)


@pytest.mark.parametrize("bad", BAD)
async def test_impossible_settings_are_refused(bad: Settings, tmp_path: Path) -> None:
    async with settings_at(tmp_path) as (_, store):
        with pytest.raises(InvalidRequest):
            await store.change(bad)
        assert store.current == Settings()


@pytest.mark.parametrize("body", [b"{", b'{"driver": 7}', msgspec.json.encode(Settings(driver="vfs"))])
async def test_unreadable_settings_do_not_stop_the_engine(
    body: bytes, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("kept settings are not readable")
    async with settings_at(tmp_path) as (database, _):
        await database.execute("INSERT INTO settings (name, body) VALUES ('engine', ?)", (body,))
        assert (await SettingsStore.open(database)).current == Settings()


async def test_service_tells_what_it_was_given_and_what_it_read(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "root", tmp_path / "run")
    problem = StoreProblem(kind="orphan-layer", subject="sha256:1", explanation="nobody uses it", mendable=True)
    asked: list[bool] = []

    async def check(*, mend: bool, deep: bool) -> list[StoreProblem]:
        asked.append(mend)
        return [problem]

    parts = EngineParts(
        driver="overlay", driver_reason="works", cgroup_mode="v2", controllers=("cpu",), single_id=False
    )
    async with settings_at(tmp_path) as (_, settings):
        host = HostService(paths=paths, settings=settings, parts=lambda: parts, check_store=check)
        facts = await host.facts()
        assert (facts.driver, facts.cgroup_mode, facts.controllers, facts.rootless) == ("overlay", "v2", ("cpu",), True)
        assert facts.socket == str(paths.socket)
        assert facts.memory > 1 << 28
        assert facts.processors >= 1
        await host.change_settings(Settings(api_socket=False))
        assert (await host.facts()).socket == ""
        assert await host.check_store(mend=True) == [problem]
        assert asked == [True]


# --- the command ---


def report(*verdicts: Verdict) -> HostReport:
    return HostReport(
        checks=tuple(
            HostCheck(name=f"c{n}", title=f"Check {n}", verdict=v, found="seen", matters="why", fix="sudo mend it")
            for n, v in enumerate(verdicts)
        )
    )


@pytest.mark.parametrize(
    ("verdicts", "code", "words"),
    [
        ((Verdict.OK, Verdict.OK), 0, "All is well"),
        ((Verdict.OK, Verdict.DEGRADED), 0, "1 of 2 could be better"),
        ((Verdict.MISSING, Verdict.DEGRADED), 1, "1 of 2 must be mended"),
    ],
)
def test_doctor_prints_each_line_and_its_code_tells(
    verdicts: tuple[Verdict, ...],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _machine, _paths: report(*verdicts))

    assert command.run([]) == code
    output = capsys.readouterr().out
    assert words in output
    assert output.count("sudo mend it") == len(verdicts)
    assert "\x1b" not in output


def test_doctor_for_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _machine, _paths: report(Verdict.MISSING))

    assert command.run(["--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["healthy"] is False
    assert answer["store"] is None
    assert answer["checks"][0]["fix"] == "sudo mend it"


@pytest.mark.parametrize(("mended", "code"), [(True, 0), (False, 1)])
def test_doctor_checks_the_store(
    mended: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = StoreProblem(kind="missing-layer", subject="x", explanation="gone", mendable=True, mended=mended)

    async def check(_paths: Paths, *, mend: bool, deep: bool) -> list[StoreProblem]:
        return [problem]

    monkeypatch.setattr(doctor, "examine", lambda _machine, _paths: report(Verdict.OK))
    monkeypatch.setattr(command, "_check_store", check)

    assert command.run(["--mend"]) == code
    assert "missing-layer x: gone" in capsys.readouterr().out
