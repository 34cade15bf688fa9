"""A scope from systemd: asked for once, joined by those who come later; and the systemd that answers is a script."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from jeepney import HeaderFields, MessageType

from engine.cgroups import delegation
from engine.cgroups.delegation import find_bus, move_into_scope, open_subtree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PATH = HeaderFields.path


class Systemd:
    """Answers calls as it is told, and tells that a job is done."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        """Methods that are answered by an error, once each."""
        self.calls: list[tuple[str, str, tuple[Any, ...]]] = []
        self.jobs = [("/job/0", "other.scope", "failed"), ("/job/1", "mine.scope", "done")]
        self.bus = ""

    @asynccontextmanager
    async def router(self, bus: str) -> AsyncIterator[Systemd]:
        self.bus = bus
        yield self

    async def send_and_get_reply(self, message: Any) -> Any:
        method = message.header.fields[HeaderFields.member]
        self.calls.append((method, message.header.fields.get(HeaderFields.signature, ""), message.body))
        if method in self.refused:
            self.refused.remove(method)
            return SimpleNamespace(header=SimpleNamespace(message_type=MessageType.error), body=("no",))
        body = ("/job/1",) if method == "StartTransientUnit" else ()
        return SimpleNamespace(header=SimpleNamespace(message_type=MessageType.method_return), body=body)

    @contextmanager
    def filter(self, rule: Any) -> Iterator[asyncio.Queue[Any]]:
        self.rule = rule
        queue: asyncio.Queue[Any] = asyncio.Queue()
        for path, unit, result in self.jobs:
            queue.put_nowait(SimpleNamespace(body=(1, path, unit, result)))
        yield queue


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Systemd:
    found = Systemd()
    monkeypatch.setattr(delegation, "open_dbus_router", found.router)
    monkeypatch.setattr(delegation, "find_bus", lambda: "unix:path=/bus")

    class Matches:
        def __init__(self, _bus: Any, router: Systemd) -> None:
            self.router = router

        async def AddMatch(self, rule: Any) -> None:  # as D-Bus calls it
            self.router.calls.append(("AddMatch", "", (rule.serialise(),)))

    monkeypatch.setattr(delegation, "Proxy", Matches)
    return found


async def test_a_scope_that_is_there_is_joined(systemd: Systemd) -> None:
    assert await move_into_scope("mine.scope", (5, 6))
    assert systemd.bus == "unix:path=/bus"
    assert systemd.calls == [("AttachProcessesToUnit", "ssau", ("mine.scope", "/supervisors", [5, 6]))]


async def test_one_that_is_not_is_made_and_waited_for(systemd: Systemd) -> None:
    systemd.refused = ["AttachProcessesToUnit"]
    assert await move_into_scope("mine.scope", (5, 6))
    (_, match, start) = systemd.calls
    assert match[0] == "AddMatch"
    for word in ("member='JobRemoved'", "type='signal'", "path='/org/freedesktop/systemd1'"):
        assert word in match[2][0]
    assert "interface='org.freedesktop.systemd1.Manager'" in match[2][0]
    assert start == (
        "StartTransientUnit",
        "ssa(sv)a(sa(sv))",
        (
            "mine.scope",
            "fail",
            [
                ("Description", ("s", "Containers of Wherry")),
                ("PIDs", ("au", [5, 6])),
                ("Delegate", ("b", True)),
                ("CPUAccounting", ("b", True)),
                ("MemoryAccounting", ("b", True)),
                ("TasksAccounting", ("b", True)),
                ("IOAccounting", ("b", True)),
                ("CollectMode", ("s", "inactive-or-failed")),
                ("OOMPolicy", ("s", "continue")),
            ],
            [],
        ),
    )


async def test_an_older_systemd_knows_no_policy_for_memory(systemd: Systemd) -> None:
    systemd.refused = ["AttachProcessesToUnit", "StartTransientUnit"]
    assert await move_into_scope("mine.scope", (5,))
    names = [[name for name, _ in body[2]] for method, _, body in systemd.calls if method == "StartTransientUnit"]
    assert names[0][:-1] == names[1]
    assert names[0][-1] == "OOMPolicy"
    last = systemd.calls[-1]
    assert (last[1], last[2][0], last[2][1], last[2][3]) == ("ssa(sv)a(sa(sv))", "mine.scope", "fail", [])


async def test_a_systemd_that_gives_none_is_no_failure(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd.refused = ["AttachProcessesToUnit", "StartTransientUnit", "StartTransientUnit"]
    assert not await move_into_scope("mine.scope", (5,))
    systemd.refused = ["AttachProcessesToUnit"]
    systemd.jobs = [("/job/1", "mine.scope", "failed")]
    assert not await move_into_scope("mine.scope", (5,))
    systemd.refused = ["AttachProcessesToUnit"]
    systemd.jobs = []
    monkeypatch.setattr(delegation, "_ANSWER_SECONDS", 0.01)
    assert not await move_into_scope("mine.scope", (5,))
    systemd.calls.clear()
    monkeypatch.setattr(delegation, "find_bus", lambda: "")
    assert not await move_into_scope("mine.scope", (5,))
    assert systemd.calls == []


# --- where it listens ---


@pytest.mark.parametrize(
    ("address", "runtime", "there", "found"),
    [
        ("unix:path=/a", "run", True, "unix:path=/a"),
        ("disabled:", "run", True, "unix:path={}/run/bus"),
        ("", "run", True, "unix:path={}/run/bus"),
        ("", "run", False, ""),
        ("", "", False, ""),
    ],
)
def test_the_users_own_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, runtime: str, *, there: bool, found: str
) -> None:
    monkeypatch.setattr(delegation.os, "getuid", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    if there:
        (tmp_path / "run/bus").touch()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / runtime) if runtime else "")
    assert find_bus() == found.format(tmp_path)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert find_bus() == ""


@pytest.mark.parametrize(("booted", "listens", "found"), [(True, True, "SYSTEM"), (True, False, ""), (False, True, "")])
def test_for_root_it_is_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, booted: bool, listens: bool, found: str
) -> None:
    monkeypatch.setattr(delegation.os, "getuid", lambda: 0)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/somebodys")
    asked = []
    monkeypatch.setattr(Path, "is_dir", lambda self: asked.append(str(self)) or booted)
    monkeypatch.setattr(Path, "exists", lambda self: asked.append(str(self)) or listens)
    assert find_bus() == found
    assert asked == ["/run/systemd/system", "/run/dbus/system_bus_socket"][: 1 + booted]


# --- made ready ---


def test_who_is_in_it_is_moved_and_those_who_are_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.procs").write_text("7\n8\n")
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    (tmp_path / "cgroup.subtree_control").write_text("")
    written: list[tuple[str, str]] = []

    def write(path: Path, text: str) -> None:
        written.append((str(path.relative_to(tmp_path)), text))
        if text in ("8", "+cpu"):
            raise OSError(16, "busy")

    monkeypatch.setattr(Path, "write_text", write)
    open_subtree(tmp_path, movers=(5,))
    assert written == [
        *(("supervisors/cgroup.procs", pid) for pid in ("7", "8", "5")),
        ("cgroup.subtree_control", "+cpu"),
        ("cgroup.subtree_control", "+memory"),
    ]


def test_what_it_hands_on_is_what_the_kernel_says(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "cgroup.controllers").touch()
    (tmp_path / "cgroup.subtree_control").write_text("cpu io")
    assert open_subtree(tmp_path, "aside") == {"cpu", "io"}
    assert (tmp_path / "aside").is_dir()
