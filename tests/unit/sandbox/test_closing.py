"""Who may pass where in a store: closed to everybody else, and put right where it was open."""

from __future__ import annotations

import os
import pwd
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import HostError
from engine.sandbox import closing
from engine.sandbox.ids import IdMapping, IdRange
from engine.storage.paths import Paths
from tests.support.keeper_here import ONE_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp

MANY = IdMapping((IdRange(0, 500_000, 65536),), (IdRange(0, 600_000, 65536),))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests is taken for an ordinary user."""
    monkeypatch.setattr(closing, "_is_stranger", lambda _: False)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[Path, tuple[int, int]]:
    """Started by the host's root: what was given to whom."""
    found: dict[Path, tuple[int, int]] = {}
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: found.update({path: (uid, gid)}))
    monkeypatch.setattr(closing, "_require_own", lambda _: None)
    monkeypatch.setattr(closing.whereabouts, "stranger_on_the_way", lambda _: "")
    return found


@pytest.mark.usefixtures("mine")
def test_a_new_store_is_closed_to_all_others(paths: Paths) -> None:
    closing.make_root(paths)
    closing.make_closed(paths, ONE_ID)
    for place in (*paths.passed_by_namespace, *paths.owned_by_engine):
        assert mode(place) == 0o700, place
    assert mode(paths.presence) == 0o600


@pytest.mark.usefixtures("mine")
def test_a_store_that_was_open_is_closed_and_files_of_images_keep_their_modes(paths: Paths) -> None:
    closing.make_root(paths)
    files = {
        paths.database: 0o644, paths.logins: 0o640, paths.socket: 0o666,
        paths.container("web") / "bundle" / "config.json": 0o644, paths.upper("web") / "file": 0o666,
        paths.volume_data("kept") / "file": 0o666, paths.layers / "one" / "index": 0o644,
        paths.layers / "one" / "tree" / "file": 0o755, paths.blobs / "sha256" / "blob": 0o644,
        paths.log_history / "web" / "log": 0o664, paths.build_output / "one": 0o777,
    }  # fmt: skip
    for path, before in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(before)
    paths.container("web").chmod(0o755)
    link = paths.root / "link"
    link.symlink_to(paths.upper("web") / "file")
    paths.root.chmod(0o755)
    closing.make_closed(paths, ONE_ID)

    assert {path: mode(path) for path in files} == files | {
        paths.database: 0o600, paths.logins: 0o600, paths.socket: 0o600,
        paths.container("web") / "bundle" / "config.json": 0o640, paths.layers / "one" / "index": 0o640,
        paths.blobs / "sha256" / "blob": 0o640, paths.log_history / "web" / "log": 0o660,
        paths.build_output / "one": 0o770,
    }  # fmt: skip
    assert (mode(paths.root), mode(paths.container("web")), mode(paths.blobs)) == (0o700, 0o750, 0o700)


@pytest.mark.usefixtures("mine")
def test_a_store_that_was_closed_is_not_gone_through(paths: Paths) -> None:
    closing.make_root(paths)
    closing.make_closed(paths, ONE_ID)
    inner = paths.container("web") / "bundle" / "config.json"
    inner.parent.mkdir(parents=True)
    inner.touch()
    inner.chmod(0o644)
    closing.make_closed(paths, ONE_ID)
    assert mode(inner) == 0o644


@pytest.mark.usefixtures("mine")
def test_what_an_earlier_version_wrote_elsewhere_is_found(paths: Paths) -> None:
    closing.make_root(paths)
    paths.inside.mkdir(parents=True)
    paths.former_namespaces.write_text("{}")
    closing.make_closed(paths, ONE_ID)
    assert paths.namespaces.read_text() == "{}"
    assert not paths.former_namespaces.exists()


def test_a_directory_of_somebody_else_is_refused(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.root.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: paths.root.stat().st_uid + 7)
    with pytest.raises(HostError) as refused:
        closing.make_root(paths)
    assert refused.value.subject == str(paths.root)
    assert f"It belongs to user {paths.root.stat().st_uid}" in refused.value.explanation
    assert f"in {paths.root} would be" in refused.value.explanation
    assert "--root" in refused.value.hint


def test_a_link_of_ours_to_a_place_of_ours_is_ours(short_tmp: ShortTmp) -> None:
    (short_tmp.path / "far").mkdir()
    short_tmp.root.symlink_to(short_tmp.path / "far")
    closing.make_root(Paths(short_tmp.root, short_tmp.run))


def test_root_takes_over_what_an_account_that_is_none_has(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.root.mkdir()

    def look(uid: int) -> Any:
        if uid == 4711:
            raise KeyError(uid)
        return SimpleNamespace(pw_name="somebody")

    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", look)
    for owner, is_taken in ((4711, True), (1000, False)):
        monkeypatch.setattr(
            type(paths.root), "lstat", lambda _, owner=owner: SimpleNamespace(st_mode=0o40700, st_uid=owner)
        )
        if is_taken:
            closing.make_root(paths)
        else:
            with pytest.raises(HostError):
                closing.make_root(paths)


@pytest.mark.usefixtures("mine")
def test_a_stranger_on_the_way_is_named(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    closing.make_root(paths)
    monkeypatch.setattr(closing.whereabouts, "stranger_on_the_way", lambda path: f"{path} can be replaced by user 7")
    with pytest.raises(HostError) as refused:
        closing.make_closed(paths, ONE_ID)
    assert (refused.value.subject, f"{paths.run} can be replaced" in refused.value.explanation) == (
        str(paths.run),
        True,
    )


def test_started_by_root_the_namespace_may_pass_and_owns_what_lies_below(
    paths: Paths, given: dict[Path, tuple[int, int]]
) -> None:
    closing.make_root(paths)
    closing.make_closed(paths, MANY)

    for place in paths.owned_by_namespace:
        assert given[place] == (500_000, 600_000), place
        assert mode(place) == 0o2710, place
    for place in paths.passed_by_namespace:
        assert given[place] == (0, 600_000), place
        assert mode(place) == 0o2710
    for place in paths.owned_by_engine:
        # What was made in a directory of the group is the group's: it is taken back.
        assert given.get(place, (0, 0)) == (0, 0), place
        assert mode(place) & 0o777 == 0o700, place
    assert (given[paths.presence], mode(paths.presence)) == ((0, 600_000), 0o640)


def test_started_by_root_a_user_s_runtime_directory_of_its_own_may_be_passed(
    paths: Paths, given: dict[Path, tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    above = paths.root.parent / "1879048192"
    monkeypatch.setattr(Paths, "network_namespaces", above / "netns")
    closing.make_root(paths)
    closing.make_closed(paths, MANY)
    assert (given[above], mode(above)) == ((0, 600_000), 0o2710)


@pytest.mark.parametrize(("uid", "mask"), [(0, 0o027), (1000, 0o022)])
def test_only_root_s_own_mask_is_set(monkeypatch: pytest.MonkeyPatch, uid: int, mask: int) -> None:
    before = os.umask(0o022)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    closing.set_mask()
    assert os.umask(before) == mask
