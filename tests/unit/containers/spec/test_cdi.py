"""Devices by the names their makers give them: what files say of one, and what a container gets of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.spec.cdi import Edits, default_places, edits_of, is_cdi_name
from engine.errors import HostError, InvalidRequest
from engine.types.containers import Device
from tests.unit.containers.spec.plans import document

if TYPE_CHECKING:
    from collections.abc import Sequence

KIND = "v.example/card"


def describe(place: Path, name: str, devices: dict[str, Any], kind: str = KIND, **shared: Any) -> None:
    """A maker's file: by each device's name what it takes, and what all of them take."""
    place.mkdir(exist_ok=True)
    listed = [{"name": each, "containerEdits": edits} for each, edits in devices.items()]
    told = {"cdiVersion": "0.6.0", "kind": kind, "devices": listed, "containerEdits": shared}
    (place / name).write_text(json.dumps(told))


def env_of(place: Path, *names: str) -> Sequence[str]:
    return edits_of(names, [place]).env


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("nvidia.com/gpu=all", True),
        ("a/b=", True),
        ("/dev/null", False),
        ("/dev/odd=name", False),
        ("a=b", False),
        ("a/b", False),
    ],
)
def test_a_makers_name_is_told_from_a_path(name: str, *, is_one: bool) -> None:
    assert is_cdi_name(name) is is_one


def test_a_device_takes_what_its_file_says_of_it_and_of_all(tmp_path: Path) -> None:
    describe(tmp_path, "a.json", {"0": {"env": ["A=0"]}, "1": {"env": ["A=1"]}}, env=["ALL=1"])
    assert env_of(tmp_path, f"{KIND}=1") == ["ALL=1", "A=1"]
    assert env_of(tmp_path, f"{KIND}=1", f"{KIND}=0") == ["ALL=1", "A=1", "A=0"]
    assert env_of(tmp_path) == []


def test_the_last_file_that_describes_it_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "etc", tmp_path / "run"
    describe(first, "b.json", {"x": {"env": ["from=etc/b"]}})
    describe(first, "a.json", {"x": {"env": ["from=etc/a"]}})
    assert env_of(first, f"{KIND}=x") == ["from=etc/b"]
    describe(second, "a.json", {"x": {"env": ["from=run"]}})
    found = edits_of([f"{KIND}=x"], [first, tmp_path / "nowhere", second])
    assert found.env == ["from=run"]


def test_files_of_all_three_kinds_are_read_and_no_others(tmp_path: Path) -> None:
    describe(tmp_path, "a.json", {"j": {"env": ["J=1"]}})
    for suffix, number in (("yaml", 5), ("yml", 6)):
        (tmp_path / f"b.{suffix}").write_text(
            f"kind: {KIND}\ndevices:\n- name: {number}\n  containerEdits:\n    env: [N={number}]\n"
        )
    (tmp_path / "c.txt").write_text("no such file")
    assert env_of(tmp_path, f"{KIND}=j", f"{KIND}=5", f"{KIND}=6") == ["J=1", "N=5", "N=6"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", '{"devices": []}'),
        ("a.json", "kind: yaml/inside"),
        ("a.yaml", "kind: ["),
        ("a.yml", "- a list"),
        ("a.json", "[" * 100_000),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(HostError) as caught:
        edits_of([f"{KIND}=x"], [tmp_path])
    assert caught.value.title == f"{tmp_path / name} cannot be read"
    assert caught.value.explanation.startswith("It is to describe devices: ")
    assert caught.value.hint == "Make it again, or remove it."


NOBODY = "Such devices are described by files in /etc/cdi, /var/run/cdi or ~/.config/cdi."


@pytest.mark.parametrize(
    ("wanted", "explanation", "hint"),
    [
        (f"{KIND}=y", f"Files of its maker know others of {KIND}.", NOBODY),
        ("v.example/other=x", "No file describes devices of v.example/other.", NOBODY),
        (
            "nvidia.com/gpu=all",
            "No file describes devices of nvidia.com/gpu.",
            "Install NVIDIA's driver and its container toolkit, and have it describe the cards: "
            "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
        ),
    ],
)
def test_a_device_that_nothing_describes_says_what_to_do(
    tmp_path: Path, wanted: str, explanation: str, hint: str
) -> None:
    describe(tmp_path, "a.json", {"x": {}})
    with pytest.raises(InvalidRequest) as caught:
        edits_of([wanted], [tmp_path])
    error = caught.value
    assert (error.title, error.subject) == (f"There is no device {wanted} on this computer", wanted)
    assert (error.explanation, error.hint) == (explanation, hint)


def test_a_card_that_is_not_there_is_not_a_driver_that_is_not_there(tmp_path: Path) -> None:
    describe(tmp_path, "a.json", {"0": {}}, kind="nvidia.com/gpu")
    with pytest.raises(InvalidRequest) as caught:
        edits_of(["nvidia.com/gpu=7"], [tmp_path])
    assert caught.value.hint == NOBODY


def test_files_are_looked_for_where_the_specification_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_places() == [tmp_path / "cdi", Path("/etc/cdi"), Path("/var/run/cdi")]
    describe(tmp_path / "cdi", "a.json", {"mine": {"env": ["MINE=1"]}})
    assert edits_of([f"{KIND}=mine"]).env == ["MINE=1"]
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_places()[0] == tmp_path / ".config/cdi"


WHOLE: dict[str, Any] = {
    "env": ["V=1"],
    "deviceNodes": [
        {"path": "/dev/card0"},
        {"path": "/dev/card1", "hostPath": "/dev/zero", "permissions": "r"},
    ],
    "mounts": [
        {"hostPath": "/h/lib", "containerPath": "/c/lib", "options": ["ro", "bind"]},
        {"hostPath": "/h/plain", "containerPath": "/c/plain"},
    ],
    "hooks": [
        {"hookName": "createContainer", "path": "/h/hook"},
        {"hookName": "createContainer", "path": "/h/hook", "args": ["hook", "x"], "env": ["E=1"], "timeout": 0},
        {"hookName": "poststop", "path": "/h/stop"},
    ],
    "additionalGids": [44, 7],
}


def test_everything_a_device_takes_is_in_what_the_runtime_is_told(tmp_path: Path) -> None:
    describe(tmp_path, "a.json", {"x": WHOLE, "twin": WHOLE})
    edits = edits_of([f"{KIND}=x", f"{KIND}=twin"], [tmp_path])
    assert edits.devices() == [
        Device(host_path="/dev/card0", container_path="/dev/card0", permissions="rwm"),
        Device(host_path="/dev/zero", container_path="/dev/card1", permissions="r"),
    ]
    edits.device_nodes.clear()
    made = document(edits=edits)
    assert made["process"]["env"] == ["A=1", "V=1"]
    assert made["process"]["user"]["additionalGids"] == [0, 44, 7]
    assert made["mounts"][-2:] == [
        {"destination": "/c/lib", "type": "bind", "source": "/h/lib", "options": ["ro", "rbind"]},
        {"destination": "/c/plain", "type": "bind", "source": "/h/plain", "options": ["rbind", "ro"]},
    ]
    assert made["hooks"] == {
        "createContainer": [
            {"path": "/h/hook", "args": ["/h/hook"], "env": []},
            {"path": "/h/hook", "args": ["hook", "x"], "env": ["E=1"], "timeout": 0},
        ],
        "poststop": [{"path": "/h/stop", "args": ["/h/stop"], "env": []}],
    }


def test_groups_a_device_needs_are_given_where_there_is_one_id_too() -> None:
    made = document(edits=Edits(additional_gids=[0, 44]), single_id=True)
    assert made["process"]["user"]["additionalGids"] == [0, 44]
    assert "additionalGids" not in document(single_id=True)["process"]["user"]
    assert "hooks" not in document()


def test_a_hook_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    describe(tmp_path, "a.json", {"x": {"hooks": [{"hookName": "whenever" * 9, "path": "/h"}]}})
    edits = edits_of([f"{KIND}=x"], [tmp_path])
    with pytest.raises(InvalidRequest) as caught:
        document(edits=edits)
    assert str(caught.value) == f"A device's file names a hook that is not known: {('whenever' * 9)[:40]}."


@pytest.mark.parametrize(
    "name", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
)
def test_all_hooks_of_the_specification_are_passed_on(tmp_path: Path, name: str) -> None:
    describe(tmp_path, "a.json", {"x": {"hooks": [{"hookName": name, "path": "/h"}]}})
    assert list(document(edits=edits_of([f"{KIND}=x"], [tmp_path]))["hooks"]) == [name]
