"""Which user of a container is to be you, by what it is asked to be."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.spec.own_files import user_who_is_you
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
        {"network": "container:other"},
        {"network": "host"},
        {"pid_mode": "container:other"},
    ],
)
def test_nobody_changes_places_where_it_would_cost_more_than_it_gives(tmp_path: Path, fields: dict[str, Any]) -> None:
    assert you(tmp_path, user="web", **fields) == ""


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"remoteUser": 5}', "[" * 100_000, '"x"'])
def test_metadata_that_is_none_names_nobody(tmp_path: Path, text: str) -> None:
    assert you(tmp_path, labels={"devcontainer.metadata": text}) == ""


def test_keep_id_is_asked_for_and_given_in_any_case(tmp_path: Path) -> None:
    assert you(tmp_path, security=Security(user_namespace="keep-id", privileged=True), user="web") == "web"
