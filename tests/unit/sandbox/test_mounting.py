"""Plans step by step: what is made with which mode, what the kernel is asked for, and what its table says."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from engine.sandbox.keeper import kernel, mounting
from engine.sandbox.keeper.asked import steps
from engine.sandbox.keeper.asked.mounts import Mount

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _mask() -> Any:
    before = os.umask(0o022)
    here = os.getcwd()
    yield
    os.umask(before)
    os.chdir(here)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Of the kernel, and from which directory."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "mount", lambda *given: found.append((*given, os.getcwd())))
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_directories_are_made_with_their_parents_and_those_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    mounting.execute([steps.MakeDirectory(tmp_path / "a" / "b" / "c", mode=0o1771)])
    assert [mode(tmp_path / each) for each in ("a", "a/b", "a/b/c")] == [0o700, 0o1771, 0o1771]


def test_directories_have_the_owner_that_is_wished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "chown", lambda *given: owned.append(given))
    for uid, gid in ((0, 0), (5, 0), (0, 6)):
        mounting.execute([steps.MakeDirectory(tmp_path / f"{uid}-{gid}", uid=uid, gid=gid)])
    assert owned == [(tmp_path / "5-0", 5, 0), (tmp_path / "0-6", 0, 6)]


def test_a_file_appears_with_its_words_and_replaces_nothing(tmp_path: Path) -> None:
    mounting.execute(
        [steps.MakeFile(tmp_path / "file", mode=0o600, contents="words"), steps.MakeFile(tmp_path / "empty")]
    )
    (tmp_path / "link").symlink_to("/no/where")
    mounting.execute([steps.MakeFile(tmp_path / "file", contents="other"), steps.MakeFile(tmp_path / "link")])
    assert ((tmp_path / "file").read_text(), mode(tmp_path / "file")) == ("words", 0o600)
    assert ((tmp_path / "empty").read_bytes(), mode(tmp_path / "empty")) == (b"", 0o644)
    assert os.readlink(tmp_path / "link") == "/no/where"
    assert {each.name for each in tmp_path.iterdir()} == {"file", "empty", "link"}


def test_on_a_full_disk_no_half_a_file_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: 2)
    with pytest.raises(OSError, match="No space") as full:
        mounting.execute([steps.MakeFile(tmp_path / "file", contents="words")])
    assert (full.value.errno, full.value.filename) == (errno.ENOSPC, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_link_replaces_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "link.new").symlink_to("left/of/before")
    for points_to in ("one", "other"):
        mounting.execute([steps.Link(tmp_path / "link", points_to)])
        assert os.readlink(tmp_path / "link") == points_to
    assert [each.name for each in tmp_path.iterdir()] == ["link"]


def test_renaming_replaces_only_when_told_so(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError) as refused:
        mounting.execute([steps.Remove(tmp_path / "none"), steps.Rename(tmp_path / "a", tmp_path / "b")])
    assert refused.value.step == 1  # type: ignore[attr-defined]
    mounting.execute([steps.Rename(tmp_path / "a", tmp_path / "b", replace=True)])
    assert (tmp_path / "b").read_text() == "a"
    mounting.execute([steps.Rename(tmp_path / "b", tmp_path / "c")])
    assert [each.name for each in tmp_path.iterdir()] == ["c"]


def test_of_things_only_what_is_empty_is_removed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "full" / "x").mkdir(parents=True)
    mounting.execute([steps.Remove(tmp_path / each) for each in ("d", "file", "none")])
    with pytest.raises(OSError, match="not empty"):
        mounting.execute([steps.Remove(tmp_path / "full")])
    assert [each.name for each in tmp_path.iterdir()] == ["full"]


def test_owners_are_given_and_a_link_has_no_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owned: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "chown", lambda *given, **how: owned.append((*given, how)))
    (tmp_path / "file").touch(mode=0o644)
    (tmp_path / "link").symlink_to("file")
    mounting.execute([steps.Own(tmp_path / "link", 1, 2, 0o777), steps.Own(tmp_path / "file", 3, 4)])
    assert mode(tmp_path / "file") == 0o644
    mounting.execute([steps.Own(tmp_path / "file", 3, 4, 0)])
    assert mode(tmp_path / "file") == 0
    assert owned[:2] == [
        (tmp_path / "link", 1, 2, {"follow_symlinks": False}), (tmp_path / "file", 3, 4, {"follow_symlinks": False}),
    ]  # fmt: skip


def test_a_container_s_marks_replace_nothing_and_follow_no_link(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for _ in range(2):
        mounting.execute([steps.ContainerMarks(root)])
    assert ((root / ".dockerenv").read_bytes(), mode(root / ".dockerenv")) == (b"", 0o755)
    assert os.readlink(root / "etc" / "mtab") == "/proc/mounts"

    sly, outside = tmp_path / "sly", tmp_path / "outside"
    sly.mkdir()
    outside.mkdir()
    (sly / "etc").symlink_to(outside)
    (sly / ".dockerenv").symlink_to(outside / "made")
    mounting.execute([steps.ContainerMarks(sly)])
    bare = tmp_path / "bare"
    bare.mkdir()
    mounting.execute([steps.ContainerMarks(bare)])
    assert list(outside.iterdir()) == []
    assert [each.name for each in bare.iterdir()] == [".dockerenv"]
    with pytest.raises(OSError, match=f"{os.strerror(errno.ENOTDIR)}|{os.strerror(errno.ELOOP)}"):
        mounting.execute([steps.ContainerMarks(sly / "etc")])


# --- what the kernel is asked for ---


@pytest.mark.parametrize(
    ("step", "flags", "options"),
    [
        (steps.Tmpfs("/t"), 2 | 4, "mode=755"),
        (steps.Tmpfs("/t", size=65536, mode=0o1777), 2 | 4, "mode=1777,size=65536"),
        (steps.Tmpfs("/t", read_only=True, nosuid=False, nodev=False, noexec=True), 1 | 8, "mode=755"),
        (steps.Tmpfs("/t", size=5, options="mode=700,uid=3"), 2 | 4, "mode=755,size=5,mode=700,uid=3"),
    ],
)
def test_a_tmpfs_is_as_it_was_wished(asked: list[Any], step: steps.Tmpfs, flags: int, options: str) -> None:
    """The flags are the kernel's: read-only 1, no suid 2, no devices 4, no programs 8."""
    mounting.execute([step])
    assert asked[0][:5] == ("tmpfs", "/t", "tmpfs", flags, options)


def test_an_overlay_is_asked_for_from_its_base_in_one_page(asked: list[Any], tmp_path: Path) -> None:
    mounting.execute([steps.Overlay("/t", ["l/a", "l/b"], "up", "work", base=tmp_path)])
    mounting.execute([steps.Overlay("/t", ["l/a"], base=tmp_path)])
    assert asked == [
        ("overlay", "/t", "overlay", 0, "userxattr,lowerdir=l/a:l/b,upperdir=up,workdir=work", str(tmp_path)),
        ("overlay", "/t", "overlay", 0, "userxattr,lowerdir=l/a", str(tmp_path)),
    ]
    assert os.getcwd() == "/"


def test_names_with_the_overlay_s_own_signs_are_escaped(asked: list[Any]) -> None:
    mounting.execute([steps.Overlay("/t", ["a:b", "c,d", "e\\f"], "u,p", "w,k")])
    assert asked[0][4] == "userxattr,lowerdir=a\\:b:c\\,d:e\\\\f,upperdir=u\\,p,workdir=w\\,k"


def test_more_layers_than_fit_a_page_are_told(asked: list[Any]) -> None:
    room = os.sysconf("SC_PAGESIZE") - len("userxattr,lowerdir=")
    mounting.execute([steps.Overlay("/t", ["x" * (room - 1)])])
    with pytest.raises(OSError, match="too many layers") as refused:
        mounting.execute([steps.Overlay("/t", ["x" * room])])
    assert (refused.value.errno, refused.value.filename, len(asked)) == (errno.E2BIG, "/t", 1)


@pytest.mark.parametrize(
    ("step", "stacked", "flags"),
    [
        (steps.Unmount("/t"), 1, [8 | 2]),
        (steps.Unmount("/t", lazy=False), 1, [8]),
        (steps.Unmount("/t", every=True), 2, [8 | 2] * 3),
        (steps.Unmount("/t"), 0, [8 | 2]),
    ],
)
def test_as_many_mounts_are_taken_off_as_were_wished(
    monkeypatch: pytest.MonkeyPatch, step: steps.Unmount, stacked: int, flags: list[int]
) -> None:
    seen: list[int] = []

    def umount(target: str, how: int) -> None:
        seen.append(how)
        if len(seen) > stacked:
            raise OSError(errno.EINVAL, "Invalid argument", target)

    monkeypatch.setattr(kernel, "umount", umount)
    mounting.execute([step])
    assert seen == flags


@pytest.mark.parametrize(("number", "told"), [(errno.ENOENT, False), (errno.EINVAL, False), (errno.EBUSY, True)])
def test_only_what_keeps_a_mount_is_told(monkeypatch: pytest.MonkeyPatch, number: int, told: bool) -> None:
    def refuse(target: str, _: int) -> None:
        raise OSError(number, os.strerror(number), target)

    monkeypatch.setattr(kernel, "umount", refuse)
    if told:
        with pytest.raises(OSError, match=os.strerror(number)):
            mounting.execute([steps.Unmount("/t", every=True)])
    else:
        mounting.execute([steps.Unmount("/t", every=True)])


def test_a_plan_that_is_repeated_stacks_no_mount_on_its_own(
    monkeypatch: pytest.MonkeyPatch, asked: list[Any], tmp_path: Path
) -> None:
    unmounted: list[str] = []

    def umount(target: str, _: int) -> None:
        unmounted.append(target)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(kernel, "umount", umount)
    plan: list[steps.Step] = [steps.Tmpfs("/t"), steps.Overlay("/o", ["x"]), steps.MakeDirectory(tmp_path / "d")]
    mounting.execute(plan)
    assert unmounted == []
    mounting.execute(plan, repeated=True)
    assert (unmounted, len(asked)) == (["/t", "/o"], 4)


def test_a_plan_that_is_repeated_takes_a_rename_for_done_only_if_it_is(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    rename = steps.Rename(tmp_path / "source", tmp_path / "target")
    mounting.execute([rename], repeated=True)
    with pytest.raises(FileNotFoundError):
        mounting.execute([rename])
    (tmp_path / "target").rename(tmp_path / "source")
    mounting.execute([rename], repeated=True)
    assert [each.name for each in tmp_path.iterdir()] == ["target"]
    (tmp_path / "source").touch()
    with pytest.raises(FileExistsError):
        mounting.execute([rename], repeated=True)


def test_every_step_comes_over_the_wire_as_itself() -> None:
    plan: list[Any] = [
        steps.MakeDirectory("/d", 0o700, 1, 2), steps.MakeFile("/f", 0o600, "x"), steps.Tmpfs("/t", 5),
        steps.Overlay("/o", ["a"], "u", "w", "/b"), steps.Unmount("/u", lazy=False, every=True), steps.Link("/l", "x"),
        steps.ContainerMarks("/m"), steps.Rename("/a", "/b", replace=True), steps.Remove("/r"),
        steps.Own("/w", 1, 2, 3),
    ]  # fmt: skip
    assert mounting.travelled([(type(step).__name__, list(step)) for step in plan]) == plan


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (steps.MakeDirectory("/d"), "make directory /d"),
        (steps.MakeFile("/f"), "make file /f"),
        (steps.Tmpfs("/t"), "tmpfs on /t"),
        (steps.Overlay("/o", ["a", "b"]), "overlay of 2 layers on /o"),
        (steps.Unmount("/u"), "unmount /u"),
        (steps.Link("/l", "x"), "link /l to x"),
        (steps.ContainerMarks("/m"), "marks of a container in /m"),
        (steps.Rename("/a", "/b"), "rename /a to /b"),
        (steps.Remove("/r"), "remove /r"),
        (steps.Own("/w", 1, 2), "give /w to 1:2"),
    ],
)
def test_a_step_that_failed_is_told_in_words(step: steps.Step, words: str) -> None:
    assert step.describe() == words


# --- the kernel's table ---

_TABLE = r"""22 1 0:21 / /proc rw,nosuid shared:12 - proc proc rw
30 22 8:1 /store/a\040b /store/a\040b rw - ext4 /dev/sda1 rw
31 22 0:50 / /store/c\134040\011d\012e rw,relatime master:1 propagate_from:2 - fuse.fuse-overlayfs x rw
32 22 0:51 / /other rw - overlay overlay rw,lowerdir=/store/x
"""


@pytest.mark.parametrize(
    ("within", "found"),
    [
        ("", ["/proc", "/store/a b", "/store/c\\040\td\ne", "/other"]),
        ("/store", ["/store/a b", "/store/c\\040\td\ne", "/other"]),
        ("/store/a b", ["/store/a b"]),
        ("/store/c\\040\td\ne", ["/store/c\\040\td\ne"]),
    ],
)
def test_the_kernel_s_table_is_read_with_its_escapes(
    monkeypatch: pytest.MonkeyPatch, within: str, found: list[str]
) -> None:
    monkeypatch.setattr("builtins.open", lambda *_, **__: io.StringIO(_TABLE))
    table = mounting.mounts(within)
    assert [each.target for each in table] == found
    kinds = {each.target: each for each in table}
    assert kinds.get("/store/a b", Mount("/store/a b", "/store/a b", "ext4")) == ("/store/a b", "/store/a b", "ext4")
    weird = "/store/c\\040\td\ne"
    assert kinds.get(weird, Mount("/", weird, "fuse.fuse-overlayfs")) == ("/", weird, "fuse.fuse-overlayfs")


def test_this_machine_s_own_table_can_be_read() -> None:
    assert any(each.target == "/proc" and each.kind == "proc" for each in mounting.mounts())
