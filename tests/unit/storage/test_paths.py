"""Where everything of a store is: what was written by one version is found by the next."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from engine.storage.paths import Paths, hex_of, is_pod_key, pod_key

PATHS = Paths(Path("/store"), Path("/running"))
DIGEST = "sha256:" + "ab" * 32
HEX = "ab" * 32
STORE = hashlib.sha256(b"/store").hexdigest()


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (PATHS.database, "state.sqlite"),
        (PATHS.logins, "logins.json"),
        (PATHS.scrub_record, "scrub.json"),
        (PATHS.gallery, "gallery"),
        (PATHS.moves_under_way, "moves-under-way.json"),
        (PATHS.clusters, "clusters"),
        (PATHS.lock, "lock"),
        (PATHS.presence, "presence"),
        (PATHS.reserve, "reserve"),
        (PATHS.id_map, "ids.json"),
        (PATHS.registries, "registries.toml"),
        (PATHS.door, "door"),
        (PATHS.driver_choice, "driver.json"),
        (PATHS.blob(DIGEST), f"blobs/sha256/{HEX}"),
        (PATHS.blob("sha512:" + "0f" * 64), "blobs/sha512/" + "0f" * 64),
        (PATHS.partial_blob(DIGEST), f"blobs/partial/{HEX}"),
        (PATHS.layer_tree(DIGEST), f"layers/{HEX}/tree"),
        (PATHS.layer_index(DIGEST), f"layers/{HEX}/index"),
        (PATHS.layer_mark(DIGEST), f"layers/{HEX}/unsettled"),
        (PATHS.layer_links, "l"),
        (PATHS.empty, "empty"),
        (PATHS.staging, "staging"),
        (PATHS.trash, "trash"),
        (PATHS.rootfs("web"), "containers/web/rootfs"),
        (PATHS.upper("web"), "containers/web/upper"),
        (PATHS.work("web"), "containers/web/work"),
        (PATHS.bundle("web"), "containers/web/bundle"),
        (PATHS.log("web"), "containers/web/logs/container.log"),
        (PATHS.log_history, "history"),
        (PATHS.stats, "stats"),
        (PATHS.volume_data("kept"), "volumes/kept/data"),
        (PATHS.build("step"), "builds/step"),
        (PATHS.build_output, "build-output"),
        (PATHS.build_contexts, "contexts"),
        (PATHS.build_scratch("step"), "uploads/step"),
    ],
)
def test_what_outlasts_a_reboot_is_found_again_below_the_store(found: Path, place: str) -> None:
    assert found == Path("/store", place)


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (PATHS.socket, "docker.sock"),
        (PATHS.window_lock, f"window-{STORE[:12]}.lock"),
        (PATHS.window_door, f"window-{STORE[:12]}.sock"),
        (PATHS.namespaces, "inside/namespaces.json"),
        (PATHS.former_namespaces, "namespaces.json"),
        (PATHS.keeper_log, "keeper.log"),
        (PATHS.names_table, "inside/names.json"),
        (PATHS.names_socket, "inside/names"),
        (PATHS.consoles, "exec"),
        (PATHS.filters, "seccomp"),
        (PATHS.container_run("web"), "containers/web"),
        (PATHS.exits, "exits"),
        (PATHS.crun_root, "crun"),
        (PATHS.cgroup_view, "cgroup"),
    ],
)
def test_what_runs_is_found_by_the_next_engine(found: Path, place: str) -> None:
    assert found == Path("/running", place)


def test_the_default_place_is_the_one_that_is_told_to_people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WHERRY_ROOT", str(tmp_path / "store"))
    monkeypatch.setenv("WHERRY_RUN", str(tmp_path / "running"))

    assert Paths.default() == Paths(tmp_path / "store", tmp_path / "running")


def test_all_files_with_passwords_are_known() -> None:
    assert {each.name for each in PATHS.private_files} == {
        "state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "logins.json",
    }  # fmt: skip


@pytest.mark.parametrize("digest", [DIGEST, "sha512:0123456789abcdef"])
def test_a_digest_is_its_hexadecimal_half(digest: str) -> None:
    assert hex_of(digest) == digest.partition(":")[2]


@pytest.mark.parametrize(
    "digest", ["md5:ab", "sha256:", "sha256", "sha256:..", "sha256:ab/cd", "sha256:AB", "sha256:XX", ""]
)
def test_what_could_walk_out_of_a_directory_is_no_digest(digest: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        hex_of(digest)


def test_a_network_s_name_tells_of_which_store_it_is() -> None:
    path, other = PATHS.netns("web"), Paths(Path("/other"), Path("/running"))

    assert path == PATHS.network_namespaces / f"wherry-{STORE[:8]}-web"
    assert PATHS.netns_owner(path.name) == "web"
    assert other.netns_owner(path.name) == ""
    assert other.netns("web") != path


@pytest.mark.parametrize(
    ("uid", "open_places", "expected"),
    [
        (1000, {"/run/user/1000", "/session"}, "/run/user/1000/netns"),
        (1000, {"/session"}, "/session/netns"),
        (1000, set(), "/running/netns"),
        (0, {"/run/user", "/session"}, "/run/user/1879048192/netns"),
        (0, {"/session"}, "/running/netns"),
    ],
)
def test_networks_are_where_every_session_of_a_user_finds_them(
    monkeypatch: pytest.MonkeyPatch, uid: int, open_places: set[str], expected: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/session")
    monkeypatch.setattr(os, "getuid", lambda: uid)
    monkeypatch.setattr(os, "access", lambda place, mode: mode == os.W_OK and place in open_places)

    assert PATHS.network_namespaces == Path(expected)


def test_no_place_is_both_the_engine_s_and_the_namespace_s() -> None:
    ours, theirs = set(PATHS.owned_by_engine), set(PATHS.owned_by_namespace)

    assert not ours & theirs
    assert {PATHS.blobs / "sha256", PATHS.blobs / "sha512", PATHS.partial_blobs, PATHS.filters} <= ours
    assert {PATHS.layers, PATHS.containers, PATHS.volumes, PATHS.builds, PATHS.trash, PATHS.exits} <= theirs
    assert set(PATHS.passed_by_namespace) == {Path("/store"), Path("/running"), Path("/running/exec")}


def test_a_pod_is_told_from_a_container() -> None:
    assert pod_key("0123456789" * 4) == "pod-01234567890123456789012345678901"
    assert is_pod_key(pod_key("abc"))
    assert not is_pod_key("abc" * 20)
