"""The file of machines, and what docker, podman and ssh know."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from engine.machines import choosing, known_elsewhere, machine_list
from engine.machines.machine_list import Entry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_CONFIG", "XDG_CONFIG_HOME", "WHERRY_HOST", "WHERRY_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERRY_ROOT", str(tmp_path / "store"))


def test_the_list_is_kept_and_only_the_user_may_read_it(tmp_path: Path) -> None:
    entries = [
        Entry("a.b", 'tcp://h:1 "q"', "docker", ca="/x/ca.pem", certificate="/x/c", key="/x/k", unchecked=True),
        Entry("server", "ssh://me@server", "podman", "podman", "the “shop”\x7f"),
    ]
    machine_list.write(entries)
    assert list(machine_list.read().values()) == entries
    file = tmp_path / "store" / "machines.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["machines.toml"]


@pytest.mark.parametrize(
    "text", ["[machine", "[machine.a]\nkind = 'x'", "[machine.a]\naddress = 1", "[machine.a]\naddress='x'\ncolour='y'"]
)
def test_a_damaged_list_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "machines.toml").write_text(text)
    with pytest.raises(machine_list.ListUnusable, match=r"machines\.toml"):
        machine_list.read()


def test_contexts_of_docker_and_connections_of_podman_are_found(tmp_path: Path) -> None:
    def context(name: str, endpoint: object) -> None:
        folder = tmp_path / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        meta = {"Name": name, "Metadata": {"Description": "d"}, "Endpoints": {"docker": endpoint}}
        (folder / "meta.json").write_text(json.dumps(meta))

    context("prod", {"Host": "ssh://me@prod", "SkipTLSVerify": False})
    context("secure", {"Host": "tcp://10.0.0.1", "SkipTLSVerify": True})
    context("odd", {"Host": "npipe:////./pipe/x"})
    context("wrong", [1])
    conf = tmp_path / ".config/containers"
    conf.mkdir(parents=True)
    (conf / "containers.conf").write_text(
        '[engine.service_destinations.box]\nuri = "ssh://core@box:22/run/podman.sock"\n'
    )
    (conf / "podman-connections.json").write_text(
        json.dumps({"Connection": {"Connections": {"new": {"URI": "unix:///run/x.sock"}, "prod": {"URI": "ssh://y"}}}})
    )
    found = known_elsewhere.everywhere()
    assert {name: (each.address, each.source) for name, each in found.items()} == {
        "prod": ("ssh://me@prod", "docker"),
        "secure": ("tcp://10.0.0.1:2376", "docker"),
        "box": ("ssh://core@box:22/run/podman.sock", "podman"),
        "new": ("unix:///run/x.sock", "podman"),
    }


def test_the_line_counts_before_the_environment_and_that_before_what_was_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choosing.chosen_machine() is None
    machine_list.write([Entry("a", "ssh://a"), Entry("b", "ssh://b")])
    machine_list.choose("a")
    assert choosing.chosen_machine() == Entry("a", "ssh://a")
    monkeypatch.setenv("WHERRY_CONTEXT", "b")
    assert choosing.chosen_machine() == Entry("b", "ssh://b")
    monkeypatch.setenv("WHERRY_HOST", "unix:///x")
    assert choosing.chosen_machine() == Entry("/x", "unix:///x")
    choosing.say_context("default")
    assert choosing.chosen_machine() is None
    with pytest.raises(choosing.Unknown, match="no machine “c”"):
        choosing.named("c")
    machine_list.choose("default")
    assert machine_list.chosen() == ""
