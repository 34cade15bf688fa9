"""How the namespaces of an earlier keeper are found again, and what keeps and releases them."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from engine.sandbox.keeper import devices, kernel, namespaces
from engine.sandbox.keeper.asked.setup import Setup
from engine.sandbox.keeper.namespaces import Namespaces, SetupError

if TYPE_CHECKING:
    from pathlib import Path


def own(kind: str) -> int:
    return os.stat(f"/proc/self/ns/{kind}").st_ino


HERE = {"user": own("user"), "mount": own("mnt")}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(
        state=str(tmp_path / "namespaces.json"), uids=[[0, 1000, 1]], gids=[[0, 1000, 1]], host_root=False, reach=[],
        cgroup_view=str(tmp_path / "cgroup"), directories=[str(tmp_path / "a" / "b")], staging=str(tmp_path),
        open_files=(1, 2), own_mounts=[],
    )  # fmt: skip


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What only a kernel can do, in order."""
    done: list[str] = []
    monkeypatch.setattr(namespaces, "_join", lambda pid, host_root: done.append(f"join {pid} {host_root}"))
    monkeypatch.setattr(namespaces, "_create_user_namespace", lambda _: done.append("user namespace"))
    monkeypatch.setattr(namespaces, "_uncover_cgroup2", lambda view: bool(done.append(f"cgroups {view}")) or True)
    monkeypatch.setattr(kernel, "unshare", lambda flags: done.append(f"unshare {flags:#x}"))
    monkeypatch.setattr(kernel, "mount", lambda *given: done.append(f"mount {given[3]:#x}"))
    monkeypatch.setattr(namespaces.reaching, "show", lambda _: done.append("reach"))
    monkeypatch.setattr(devices, "show", lambda: done.append("devices"))
    monkeypatch.setattr(kernel, "scatter_children", lambda path: done.append("scatter"))
    return done


def pin_of(setup: Setup) -> dict[str, Any]:
    with open(setup.state) as file:
        found: dict[str, Any] = json.load(file)
    return found


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("host_root", [False, True])
def test_the_first_keeper_makes_them_and_writes_down_how_they_are_found(
    setup: Setup, steps: list[str], *, host_root: bool
) -> None:
    setup = setup._replace(host_root=host_root)
    entered = namespaces.enter(setup)
    try:
        assert steps == [
            *(["reach", "devices"] if host_root else []), "user namespace", "unshare 0x20000", "mount 0x84000",
            f"cgroups {setup.cgroup_view}", "scatter",
        ]  # fmt: skip
        assert (entered.joined, entered.hybrid_cgroups) == (False, True)
        assert (entered.user, entered.mount) == (HERE["user"], HERE["mount"])
        assert pin_of(setup) == {"pin": entered.pin, **HERE, "hybrid_cgroups": True}
        assert os.path.isdir(setup.directories[0])
        assert os.readlink(f"/proc/{entered.pin}/ns/user") == os.readlink("/proc/self/ns/user")
    finally:
        end(entered.pin)


def test_the_next_joins_what_the_pin_keeps(setup: Setup, steps: list[str]) -> None:
    state = {"pin": os.getpid(), **HERE, "hybrid_cgroups": True}
    with open(setup.state, "w") as file:
        json.dump(state, file)
    entered = namespaces.enter(setup)
    assert steps == [f"join {os.getpid()} False", "scatter"]
    assert entered == Namespaces(True, os.getpid(), HERE["user"], HERE["mount"], True)  # noqa: FBT003
    assert pin_of(setup) == state


def test_where_the_pin_was_killed_another_leads_the_way_and_is_followed_by_a_new_one(
    setup: Setup, steps: list[str]
) -> None:
    with open(setup.state, "w") as file:
        json.dump({"pin": 2**22 + 1, **HERE, "hybrid_cgroups": False}, file)
    entered = namespaces.enter(setup)
    try:
        assert steps[0].startswith("join ")
        assert (entered.joined, entered.hybrid_cgroups) == (True, False)
        assert pin_of(setup)["pin"] == entered.pin != 2**22 + 1
    finally:
        end(entered.pin)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"pin": 1, "user": 2, "mount": 3}',
        '{"pin": "x", "user": 1, "mount": 1, "hybrid_cgroups": 0}',
    ],
)
def test_rubbish_leads_nowhere(setup: Setup, steps: list[str], text: str) -> None:
    with open(setup.state, "w") as file:
        file.write(text)
    entered = namespaces.enter(setup)
    end(entered.pin)
    assert "user namespace" in steps


def test_namespaces_that_nobody_is_in_any_more_are_made_anew(setup: Setup, steps: list[str]) -> None:
    with open(setup.state, "w") as file:
        json.dump({"pin": os.getpid(), "user": HERE["user"], "mount": 1, "hybrid_cgroups": False}, file)
    entered = namespaces.enter(setup)
    end(entered.pin)
    assert (entered.joined, "user namespace" in steps) == (False, True)


def test_no_mount_namespace_is_told_with_its_stage(
    setup: Setup, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(kernel, "unshare", refuse)
    with pytest.raises(SetupError, match="cannot make a mount namespace: Operation not permitted") as refused:
        namespaces.enter(setup)
    assert (refused.value.stage, refused.value.number) == ("mount-namespace", 1)
    assert str(refused.value) == refused.value.text
    assert not os.path.exists(setup.state)


def test_a_pin_that_cannot_be_written_down_ends_by_itself(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = namespaces._start_pin

    def noting() -> tuple[int, int]:
        pid, stay = start()
        started.append(pid)
        return pid, stay

    monkeypatch.setattr(namespaces, "_start_pin", noting)
    entered = Namespaces(joined=False, pin=0, user=1, mount=2)
    with pytest.raises(OSError, match="No such file"):
        namespaces.renew_pin(setup._replace(state="/no/where/state"), entered)
    _, status = os.waitpid(started[0], 0)
    assert (os.waitstatus_to_exitcode(status), entered.pin) == (0, 0)


@pytest.mark.parametrize("matches", [True, False])
def test_only_the_pin_itself_is_ended_when_they_are_released(setup: Setup, *, matches: bool) -> None:
    entered = Namespaces(joined=False, pin=0, user=HERE["user"], mount=HERE["mount"])
    namespaces.renew_pin(setup, entered)
    entered.mount += not matches
    namespaces.release(setup, entered)
    assert not os.path.exists(setup.state)
    if not matches:
        assert os.path.exists(f"/proc/{entered.pin}"), "a stranger has the number by now"
        os.kill(entered.pin, signal.SIGTERM)
    _, status = os.waitpid(entered.pin, 0)
    assert os.waitstatus_to_exitcode(status) == (-signal.SIGKILL if matches else -signal.SIGTERM)
    namespaces.release(setup, entered)


@pytest.mark.parametrize(
    ("mode", "closed"), [(0o20666, False), (0o20600, True), (0o20664, True), (0o20662, True), (0o100600, False)]
)
def test_a_device_is_closed_if_strangers_can_only_half_use_it(
    monkeypatch: pytest.MonkeyPatch, mode: int, closed: bool
) -> None:
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result((mode, *[0] * 9)))
    assert devices._is_closed("/dev/fuse") is closed


def test_a_device_that_is_not_there_is_not_closed() -> None:
    assert not devices._is_closed("/dev/no/such")


@pytest.mark.parametrize(
    ("closed", "shown"),
    [
        ((), []),
        (("/dev/fuse",), ["/dev/fuse"]),
        (("/dev/fuse", "/dev/net/tun"), ["/dev/net/tun", "/dev/fuse"]),
    ],
)
def test_only_what_is_closed_is_covered(
    monkeypatch: pytest.MonkeyPatch, closed: tuple[str, ...], shown: list[str]
) -> None:
    done: list[str] = []
    covered: list[str] = []

    def cover(path: str) -> None:
        covered.append(path)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(devices, "_is_closed", lambda path: path in closed)
    monkeypatch.setattr(devices, "_cover", cover)
    monkeypatch.setattr(kernel, "unshare", lambda flags: done.append(f"{flags:#x}"))
    monkeypatch.setattr(kernel, "mount", lambda *given: done.append(f"{given[:3]} {given[3]:#x}"))
    devices.show()
    assert covered == shown
    assert done == (["0x20000", "('', '/', '') 0x84000"] if closed else [])
