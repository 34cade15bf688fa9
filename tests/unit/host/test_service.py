"""Settings survive and are checked, the service tells facts that were read, `wherry doctor` exits right."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.cli import doctor as command
from engine.errors import InvalidRequest
from engine.host import doctor
from engine.host.host_service import EngineParts, HostService
from engine.host.machine import Machine
from engine.host.settings import SettingsStore, check
from engine.state.database import Database
from engine.storage.paths import Paths
from engine.types.host import HostCheck, HostReport, Settings, StoreProblem, Verdict
from engine.version import own_version

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


@pytest.mark.parametrize(
    ("field", "least", "most", "words"),
    [
        ("parallel_downloads", 1, 64, "parallel downloads must be between 1 and 64"),
        ("default_log_max_bytes", 1 << 16, 1 << 50, "size of a log file must be between 65536 and 1125899906842624"),
        ("default_log_max_files", 1, 1000, "number of log files must be between 1 and 1000"),
        ("history_max_bytes", 0, 1 << 50, "size of kept logs must be between 0 and 1125899906842624"),
        ("stats_background_seconds", 0.5, 3600, "seconds between background samples must be between 0.5 and 3600"),
    ],
)
def test_impossible_settings_are_refused(field: str, least: float, most: float, words: str) -> None:
    for value in (least, most):
        check(Settings(**{field: value}))  # type: ignore[arg-type]
    for value in (least - 0.5 if field.endswith("seconds") else least - 1, most + 1):
        with pytest.raises(InvalidRequest, match=f"^The {words}, not {value}"):
            check(Settings(**{field: value}))  # type: ignore[arg-type]


def test_a_driver_that_there_is_not_is_refused() -> None:
    for driver in ("", "overlay", "fuse-overlayfs"):
        check(Settings(driver=driver))
    with pytest.raises(InvalidRequest, match="There is no storage driver “vfs”") as caught:
        check(Settings(driver="vfs"))
    assert caught.value.hint == "Choose one of overlay, fuse-overlayfs."


async def test_a_refused_choice_changes_nothing(tmp_path: Path) -> None:
    async with settings_at(tmp_path) as (database, store):
        with pytest.raises(InvalidRequest):
            await store.change(Settings(driver="vfs"))
        assert store.current == (await SettingsStore.open(database)).current == Settings()


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
    asked: list[tuple[bool, bool]] = []

    async def looked_through(*, mend: bool, deep: bool) -> list[StoreProblem]:
        asked.append((mend, deep))
        return [problem]

    parts = EngineParts(
        driver="overlay", driver_reason="works", cgroup_mode="v2", controllers=("cpu",), single_id=False
    )
    async with settings_at(tmp_path) as (_, settings):
        host = HostService(paths=paths, settings=settings, parts=lambda: parts, check_store=looked_through)
        facts = await host.facts()
        assert (facts.driver, facts.cgroup_mode, facts.controllers, facts.rootless) == ("overlay", "v2", ("cpu",), True)
        assert facts.socket == str(paths.socket)
        assert facts.memory > 1 << 28
        assert facts.processors >= 1
        await host.change_settings(Settings(api_socket=False))
        assert (await host.facts()).socket == ""
        assert await host.check_store(mend=True) == [problem]
        await host.check_store(deep=True)
        assert asked == [(True, False), (False, True)]
        assert (facts.root, facts.run, facts.driver_reason) == (str(paths.root), str(paths.run), "works")
        assert (facts.single_id, facts.warnings) == (False, ())
        assert facts.kernel == os.uname().release
        assert facts.host_name == os.uname().nodename
        assert facts.version == own_version()
        assert facts.memory == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert facts.processors == len(os.sched_getaffinity(0))
        assert facts.operating_system == Machine().distribution.pretty_name
        assert facts.platforms


async def test_the_report_and_the_versions_are_the_doctors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, asked = Paths(tmp_path / "root", tmp_path / "run"), list[object]()

    def examine(machine: Machine, where: Paths) -> HostReport:
        asked.append(where)
        return report(Verdict.OK)

    def versions(machine: Machine) -> dict[str, str]:
        asked.append("versions")
        return {"crun": "1.0"}

    monkeypatch.setattr(doctor, "examine", examine)
    monkeypatch.setattr(doctor, "runtime_versions", versions)
    parts = EngineParts(
        driver="", driver_reason="", cgroup_mode="none", controllers=(), single_id=True, warnings=("w",)
    )
    async with settings_at(tmp_path) as (_, settings):
        host = HostService(paths=paths, settings=settings, parts=lambda: parts, check_store=None)  # type: ignore[arg-type]
        assert await host.report() == report(Verdict.OK)
        for _ in range(2):
            facts = await host.facts()
        assert (facts.runtime_versions, facts.warnings, facts.single_id) == ({"crun": "1.0"}, ("w",), True)
        assert await host.settings() == Settings()
    assert asked == [paths, "versions"], "programs are asked once"


@pytest.mark.parametrize("error", [RuntimeError("oh"), KeyError("x")])
def test_a_check_that_stumbles_is_told_as_a_fault_of_ours(error: Exception) -> None:
    def stumble() -> HostCheck:
        raise error

    told = doctor._guarded(stumble)
    assert (told.name, told.title, told.verdict, told.found, told.matters, told.fix) == (
        "check-failed",
        "A check could not be made",
        Verdict.DEGRADED,
        f"{type(error).__name__}: {error}",
        "This is a fault of Wherry, not of the machine; please report it.",
        "",
    )


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
