"""Which user of a container is to be you, by what it is asked to be."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.spec.own_files import is_only_yours, user_who_is_you, writable_folders
from engine.types.containers import ContainerSpec, Mount, Security
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def ordinary_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also where root runs the tests."""
    owner = tmp_path.stat().st_uid or 4321
    monkeypatch.setattr(os, "getuid", lambda: owner)
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, owner, -1)


def you(source: Path, *, image: ImageConfig | None = None, mount: dict[str, Any] | None = None, **fields: Any) -> str:
    bind = Mount(kind="bind", source=str(source), target="/p", **(mount or {}))
    return user_who_is_you(ContainerSpec(image="x", mounts=(bind,), **fields), image or ImageConfig())


def metadata(*entries: dict[str, str]) -> dict[str, str]:
    return {"devcontainer.metadata": json.dumps(list(entries))}


def test_whoever_works_in_a_folder_of_yours(tmp_path: Path) -> None:
    assert you(tmp_path, user="web:staff") == "web:staff"
    assert you(tmp_path, image=ImageConfig(user="node")) == "node"
    assert you(tmp_path, labels=metadata({"remoteUser": "root"}, {"remoteUser": "vscode"}, {"id": "f"})) == "vscode"
    assert you(tmp_path, image=ImageConfig(labels=metadata({"containerUser": "dev"}))) == "dev"
    assert you(tmp_path, security=Security(capabilities_add=("CHOWN",)), user="web") == "web"


def test_of_development_containers_the_last_layer_and_the_remote_user_count(tmp_path: Path) -> None:
    layers = metadata({"remoteUser": "a", "containerUser": "x"}, {"remoteUser": "b"}, {"remoteUser": ""}, {"n": "z"})
    assert you(tmp_path, labels=layers) == "b"
    assert you(tmp_path, labels={"devcontainer.metadata": '{"remoteUser": "alone"}'}) == "alone"
    assert you(tmp_path, labels={"devcontainer.metadata": '[{"remoteUser": 5, "containerUser": "c"}]'}) == "c"
    both = ImageConfig(labels=metadata({"remoteUser": "images"}))
    assert you(tmp_path, image=both, labels=metadata({"remoteUser": "own"})) == "own"
    assert you(tmp_path, image=both) == "images"
    long = metadata({"remoteUser": "web", "x": "y" * (1 << 20)})
    assert you(tmp_path, labels=long) == ""
    fits = metadata(
        {
            "remoteUser": "web",
            "x": "y" * ((1 << 20) - len(metadata({"remoteUser": "web", "x": ""})["devcontainer.metadata"])),
        }
    )
    assert you(tmp_path, labels=fits) == "web"


def test_folders_whose_owners_matter_are_binds_to_write_in(tmp_path: Path) -> None:
    mounts = (
        Mount(kind="volume", source="v", target="/v"),
        Mount(kind="bind", source="/a", target="/a"),
        Mount(kind="bind", source="/b", target="/b", read_only=True),
        Mount(kind="bind", source="/c", target="/c", ownership="idmap"),
        Mount(kind="bind", source="/d", target="/d"),
    )
    assert writable_folders(ContainerSpec(image="x", mounts=mounts)) == ["/a", "/d"]
    assert is_only_yours(str(tmp_path))
    assert not is_only_yours(str(tmp_path / "nothing"))
    assert not is_only_yours("/proc/1"), "another's"


def test_root_is_you_where_nobody_else_works_in_it(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    everybodys = tmp_path / "everybodys"
    everybodys.mkdir(mode=0o777)
    everybodys.chmod(0o777)
    (tmp_path / "file").touch()
    assert you(tmp_path) == ""
    assert you(tmp_path, user="0") == ""
    assert you(tmp_path, user="root:web") == ""
    assert you(tmp_path, user="web", mount={"read_only": True}) == ""
    assert you(tmp_path, user="web", mount={"ownership": "chown"}) == ""
    assert you(everybodys, user="web") == ""
    assert you(tmp_path / "file", user="web") == ""
    assert you(tmp_path / "not there", user="web") == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"security": Security(user_namespace="host")},
        {"security": Security(privileged=True)},
        {"security": Security(capabilities_add=("NET_ADMIN",))},
        {"security": Security(capabilities_add=("all",))},
        {"security": Security(capabilities_add=("CHOWN", "cap_sys_admin"))},
        {"network": "container:other"},
        {"ipc_mode": "host"},
        {"pid_mode": "host"},
        {"network": "host"},
        {"pid_mode": "container:other"},
    ],
)
def test_nobody_changes_places_where_it_would_cost_more_than_it_gives(tmp_path: Path, fields: dict[str, Any]) -> None:
    assert you(tmp_path, user="web", **fields) == ""


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"remoteUser": 5}', "[" * 100_000, '"x"'])
def test_metadata_that_is_none_names_nobody(tmp_path: Path, text: str) -> None:
    assert you(tmp_path, labels={"devcontainer.metadata": text}) == ""


def test_who_says_nothing_else_has_your_numbers_with_keep_id(tmp_path: Path) -> None:
    keep = Security(user_namespace="keep-id")
    assert you(tmp_path, security=keep) == f"{os.getuid()}:{os.getgid()}"
    assert you(tmp_path, security=keep, image=ImageConfig(user="www")) == "www"


def test_for_the_engine_of_root_nobody_changes_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "stat", lambda path: os.stat_result((0o40755, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    assert you(tmp_path, user="web") == ""


def test_keep_id_is_asked_for_and_given_in_any_case(tmp_path: Path) -> None:
    assert you(tmp_path, security=Security(user_namespace="keep-id", privileged=True), user="web") == "web"
