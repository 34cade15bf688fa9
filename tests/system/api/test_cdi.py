"""Devices by their makers' names: what a file of theirs says of one is in the container; what none says is told."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two makers' files in the user's own place: one of JSON and one as nvidia-ctk writes it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    place = tmp_path / "config/cdi"
    place.mkdir(parents=True)
    (tmp_path / "library.so").write_text("of the maker\n")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ncat >/dev/null; echo $1 >{tmp_path}/hooked\n")
    hook.chmod(0o755)
    (place / "nvidia.yaml").write_text(
        '---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: "0"\n  containerEdits:\n    deviceNodes:\n'
        "    - path: /dev/card0\n      hostPath: /dev/null\n- name: all\n  containerEdits:\n    deviceNodes:\n"
        "    - path: /dev/card0\n      hostPath: /dev/null\n    - path: /dev/card1\n      hostPath: /dev/zero\n"
        "containerEdits:\n  env:\n  - NVIDIA_VISIBLE_DEVICES=void\n  mounts:\n"
        f"  - hostPath: {tmp_path}/library.so\n    containerPath: /usr/lib/library.so\n    options: [ro, bind]\n"
        f"  hooks:\n  - hookName: createContainer\n    path: {hook}\n    args: [hook, ran]\n"
    )
    simple = {"name": "a", "containerEdits": {"env": ["SIMPLE=yes"]}}
    (place / "simple.json").write_text(
        json.dumps({"cdiVersion": "0.6.0", "kind": "v.example/net", "devices": [simple]})
    )
    return tmp_path


async def test_a_graphics_card_comes_with_what_its_maker_says(docker: Tool, described: Path) -> None:
    script = "ls -l /dev/card*; cat /usr/lib/library.so; echo $NVIDIA_VISIBLE_DEVICES"
    said = await docker("run", "--rm", "--gpus", "all", IMAGE, "sh", "-c", script)
    assert "/dev/card0" in said
    assert "/dev/card1" in said
    assert said.endswith("of the maker\nvoid\n")
    assert (described / "hooked").read_text() == "ran\n"
    one = await docker("run", "--rm", "--gpus", "device=0", IMAGE, "ls", "/dev")
    assert "card0" in one
    assert "card1" not in one


async def test_a_device_is_given_by_name_and_shown_as_docker_shows_it(docker: Tool, described: Path) -> None:
    assert (
        await docker("run", "--name", "c1", "--device", "v.example/net=a", IMAGE, "sh", "-c", "echo $SIMPLE") == "yes\n"
    )
    (shown,) = json.loads(await docker("inspect", "c1"))[0]["HostConfig"]["DeviceRequests"]
    assert (shown["Driver"], shown["DeviceIDs"]) == ("cdi", ["v.example/net=a"])


async def test_a_card_that_is_not_there_is_told_with_what_to_install(docker: Tool, described: Path) -> None:
    os.remove(described / "config/cdi/nvidia.yaml")
    assert "nvidia-ctk cdi generate" in await docker("create", "--gpus", "all", IMAGE, code=1)
    assert "no device v.example/net=b" in await docker("create", "--device", "v.example/net=b", IMAGE, code=1)
    (described / "config/cdi/odd.yaml").write_text("kind: [")
    assert "odd.yaml cannot be read" in await docker("create", "--device", "v.example/net=a", IMAGE, code=1)
