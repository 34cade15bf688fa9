"""Who is told that a bind mount will be closed to the container's user, and who need not be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.make.notes import closed_binds
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


def told(
    source: Path, *, user: str | None = "1000", image: str = "", security: Security | None = None, **mount: Any
) -> list[str]:
    bind = Mount(kind="bind", source=str(source), target="/p", **mount)
    spec = ContainerSpec(image="x", user=user, mounts=(bind,), security=security or Security())
    return list(closed_binds(spec, ImageConfig(user=image)))


def test_a_user_of_its_own_is_a_stranger_to_your_files(tmp_path: Path) -> None:
    (words,) = told(tmp_path)
    assert str(tmp_path) in words
    assert "keep-id" in words
    assert told(tmp_path, user=None, image="web:web"), "the image's user as well"


@pytest.mark.parametrize(
    "options",
    [
        {"user": "0"},
        {"user": "root:web"},
        {"user": None},
        {"read_only": True},
        {"ownership": "chown"},
        {"security": Security(user_namespace="keep-id")},
    ],
)
def test_others_are_left_in_peace(tmp_path: Path, options: dict[str, Any]) -> None:
    assert told(tmp_path, **options) == []


def test_what_everybody_may_write_is_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert told(tmp_path) == []
    assert told(tmp_path / "not there") == []
