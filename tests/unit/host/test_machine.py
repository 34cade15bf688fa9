"""This machine as the checks see it: what is not there is no answer, and no failure."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.host import machine as machines
from engine.host.checks import filesystems
from engine.host.machine import Distribution, Machine, ProcessCounts, Space
from engine.processes.ask import Answer
from engine.state.lock import StoreLock

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def here() -> Machine:
    return Machine()


def test_what_is_not_there_is_no_answer(here: Machine, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert (here.read(gone), here.mode(gone), here.owner(gone), here.space(gone)) == (None, None, None, None)
    assert (here.exists(gone), here.may(gone, os.R_OK), here.opens(str(gone)), here.names(gone)) == (
        False,
        False,
        False,
        [],
    )
    assert not here.has_file_capabilities(gone)
    assert here.store_holder(gone) == 0
    assert not here.has_library("libno-such-thing.so.9")


def test_files_are_told_as_they_are(here: Machine, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"caf\xe9")
    file.chmod(0o640)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert here.read(file) == "caf\ufffd"
    assert (here.mode(file) or 0) & 0o7777 == 0o640
    assert here.owner(file) == os.getuid() == here.uid
    assert (here.exists(file), here.exists(tmp_path / "dangling")) == (True, True)
    assert here.may(file, os.R_OK)
    assert here.names(tmp_path) == ["dangling", "file"]
    assert not here.has_file_capabilities(file)
    assert here.opens("/dev/null")


def test_who_else_could_put_another_thing_there_is_told(
    here: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def stranger(path: str) -> str:
        told.append(path)
        if len(told) > 1:
            raise OSError(5, "it cannot be looked at")
        return "bob may write there"

    monkeypatch.setattr(machines.whereabouts, "stranger_on_the_way", stranger)
    assert here.stranger_on_the_way(tmp_path) == "bob may write there"
    assert here.stranger_on_the_way(tmp_path) == "[Errno 5] it cannot be looked at"
    assert told == [str(tmp_path)] * 2


def test_no_setting_is_longer_than_a_mebibyte(here: Machine, tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * ((1 << 20) + 5))
    assert len(here.read(tmp_path / "long") or "") == 1 << 20


def test_a_file_with_capabilities_is_told(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def getxattr(*words: Any) -> bytes:
        asked.append(words)
        return b"\1"

    monkeypatch.setattr(os, "getxattr", getxattr)
    assert here.has_file_capabilities("/bin/x")
    assert asked == [("/bin/x", "security.capability")]


def test_room_is_what_an_ordinary_user_may_take(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs_result((4096, 512, 1000, 300, 200, 9000, 800, 700, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    assert here.space("/") == Space(free=200 * 512, total=1000 * 512, free_inodes=700, total_inodes=9000)


def test_who_holds_a_store(here: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = StoreLock(tmp_path / "lock")
    lock.acquire()
    assert here.store_holder(tmp_path / "lock") == os.getpid()
    lock.release()
    assert here.store_holder(tmp_path / "lock") == 0
    assert here.store_holder(tmp_path / "lock" / "x") == 0


@pytest.mark.parametrize(("device", "opens"), [("/dev/tun", True), ("/dev/fuse", False), ("/dev/gone", False)])
def test_started_by_root_a_device_is_opened_by_a_stranger(
    monkeypatch: pytest.MonkeyPatch, device: str, opens: bool
) -> None:
    asked: list[Sequence[str]] = []

    class Root(Machine):
        uid = 0

        def exists(self, path: str | Path) -> bool:
            return path != "/dev/gone"

        def may(self, path: str | Path, mode: int) -> bool:
            assert (path, mode) == ("/dev/gone", os.R_OK | os.W_OK)
            return False

        def ask(self, argv: Sequence[str], timeout: float = 10.0) -> Answer:
            asked.append(argv)
            return Answer(0, "/dev/fuse /dev/other\n", "")

    assert Root().opens(device) is opens
    if device != "/dev/gone":
        [argv] = asked
        assert (argv[0], list(argv[1:3]), argv[4]) == (sys.executable, ["-I", "-S"], "devices")
        assert Path(argv[3]).exists()
        assert int(argv[5]) > 0


def test_a_user_without_a_name_goes_by_number(here: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> Any:
        raise KeyError(number)

    monkeypatch.setattr(machines.pwd, "getpwuid", unknown)
    monkeypatch.setattr(machines.grp, "getgrgid", unknown)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    monkeypatch.setattr(os, "getgid", lambda: 4712)
    assert (here.user, here.group) == ("4711", "4712")


def test_programs_are_asked_for_so_long(here: Machine) -> None:
    assert here.ask(["/bin/sh", "-c", "echo $0", "x"]).output == "x\n"
    assert here.ask(["/bin/sh", "-c", "sleep 30"], timeout=0.01).code == 124
    assert here.which("sh") is not None
    assert here.environment is os.environ


# --- who packages this system ---


class Released(Machine):
    def __init__(self, **files: str) -> None:
        self.files = files

    def read(self, path: str | Path) -> str | None:
        return self.files.get(str(path).strip("/").partition("/")[0])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"etc": "ID=ubuntu\nID_LIKE=debian\nPRETTY_NAME='Ubuntu 24.04'\n", "usr": "ID=other\n"},
            Distribution("ubuntu", ("debian",), "Ubuntu 24.04"),
        ),
        (
            {"usr": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n'},
            Distribution("opensuse-leap", ("suse", "opensuse"), "Linux"),
        ),
        ({}, Distribution("linux", (), "Linux")),
    ],
)
def test_the_distribution_says_what_it_is(files: dict[str, str], expected: Distribution) -> None:
    assert Released(**files).distribution == expected


@pytest.mark.parametrize(
    ("name", "like", "family", "command"),
    [
        ("debian", (), "debian", "sudo apt-get install a"),
        ("ubuntu", ("debian",), "ubuntu", "sudo apt-get install a"),
        ("mint", ("ubuntu", "debian"), "ubuntu", "sudo apt-get install a"),
        ("fedora", (), "fedora", "sudo dnf install b"),
        ("rocky", ("rhel", "fedora"), "rhel", "sudo dnf install a"),
        ("arch", (), "arch", "sudo pacman -S a"),
        ("opensuse-leap", ("suse", "opensuse"), "suse", "sudo zypper install a"),
        ("tumbleweed", ("opensuse",), "opensuse", "sudo zypper install a"),
        ("alpine", (), "alpine", "sudo apk add a"),
        ("plan9", (), "", "sudo apt-get install a"),
    ],
)
def test_each_family_installs_in_its_own_words(name: str, like: tuple[str, ...], family: str, command: str) -> None:
    found = Distribution(name, like, "x")
    assert found.family == family
    assert found.install({"debian": "a", "fedora": "b"}) == command


# --- what the processes hold ---


class Proc:
    def __init__(self, place: Path) -> None:
        self.place = place

    def runs(self, pid: int, *, watches: tuple[int, ...] = (), spaces: str = "", mounts: int = 0) -> None:
        """With inotify instances of so many watches, in namespaces of its own or those of another."""
        for name in ("fd", "fdinfo", "ns"):
            (self.place / f"{pid}/{name}").mkdir(parents=True)
        for number, count in enumerate(watches):
            (self.place / f"{pid}/fd/{number}").symlink_to("anon_inode:inotify")
            (self.place / f"{pid}/fdinfo/{number}").write_text("pos: 0\n" + "inotify wd:1\n" * count)
        (self.place / f"{pid}/fd/90").symlink_to("socket:[5]")
        (self.place / f"{pid}/fd/91").touch()
        for kind in ("user", "net", "mnt"):
            own = self.place / f"{pid}/ns/{kind}"
            if spaces:
                own.hardlink_to(self.place / f"{spaces}/ns/{kind}")
            else:
                own.touch()
        (self.place / f"{pid}/mountinfo").write_text("x\n" * mounts)


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    monkeypatch.setattr(machines, "_PROC", str(tmp_path))
    (tmp_path / "self").mkdir()
    (tmp_path / "version").touch()
    return Proc(tmp_path)


def test_what_the_processes_of_a_user_hold_is_counted(here: Machine, proc: Proc) -> None:
    assert here.process_counts() == ProcessCounts()
    proc.runs(10, watches=(3, 4), mounts=5)
    proc.runs(11, watches=(1,), spaces="10", mounts=5)
    proc.runs(12, mounts=9)
    assert here.process_counts() == ProcessCounts(
        processes=3, inotify_instances=3, inotify_watches=8, user_namespaces=2, network_namespaces=2, mounts=9
    )


def test_processes_that_cannot_be_looked_into_are_counted_all_the_same(here: Machine, proc: Proc) -> None:
    proc.runs(10, watches=(3,), mounts=5)
    (proc.place / "10/ns/mnt").unlink()
    (proc.place / "11").mkdir()
    assert here.process_counts() == ProcessCounts(processes=2)
    proc.runs(12, mounts=4)
    (proc.place / "12/mountinfo").unlink()
    assert here.process_counts() == ProcessCounts(processes=3, user_namespaces=1, network_namespaces=1, mounts=0)


def test_processes_of_others_do_not_count(proc: Proc) -> None:
    class Other(Machine):
        uid = os.getuid() + 1

    proc.runs(10, watches=(3,))
    assert Other().process_counts() == ProcessCounts()


# --- the overlay, tried ---


class Tried(Machine):
    """A machine whose overlay says this."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Sequence[str]] = []

    def ask(self, argv: Sequence[str], timeout: float = 10.0) -> Answer:
        self.asked.append(argv)
        work = Path(argv[-1]) / "work" / "work"
        work.mkdir(parents=True)
        work.chmod(0)  # as the kernel leaves it
        return self.answer


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(Answer(0, "", ""), ""), (Answer(32, "", "mount: wrong fs type\n"), "mount: wrong fs type.")],
)
def test_an_overlay_is_tried_where_the_store_will_be(tmp_path: Path, answer: Answer, complaint: str) -> None:
    machine = Tried(answer)
    assert filesystems._try_overlay(machine, tmp_path) == complaint
    [argv] = machine.asked
    assert list(argv[:6]) == ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    assert argv[6] == filesystems._TRY_OVERLAY
    assert argv[7] == "sh"
    place = Path(argv[8])
    assert place.parent == tmp_path
    assert place.name.startswith(".wherry-probe-")
    assert not list(tmp_path.iterdir()), "nothing is left"


def test_an_overlay_that_cannot_be_tried_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Tried(Answer(0, "", ""))
    assert filesystems._try_overlay(machine, tmp_path / "gone") == "the directory may not be written to."
    monkeypatch.setattr(machine, "may", lambda place, mode: mode == os.W_OK | os.X_OK)
    assert filesystems._try_overlay(machine, tmp_path / "gone") == "No such file or directory."
    assert not machine.asked
