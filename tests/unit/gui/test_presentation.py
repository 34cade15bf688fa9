"""Words for figures, states and recipes."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, WherryError
from engine.recipe.kinds.amounts import read_size, size_words
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthStatus,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    State,
)
from engine.types.networks import HostPort
from engine.types.operations import Operation, OperationState
from gui.frame.palette import score
from gui.presentation import units
from gui.presentation.containers import words
from gui.presentation.containers.spec_check import check_spec, only_live, spec_differences, suggest_port
from gui.presentation.errors import words_of
from gui.presentation.files.differences import text_difference
from gui.presentation.operations import took_text
from gui.theme import Tone

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def container(**fields: Any) -> Container:
    values: dict[str, Any] = {
        "id": "a" * 64,
        "name": "web",
        "image_id": "sha256:" + "b" * 64,
        "image": "docker.io/library/nginx:latest",
        "spec": ContainerSpec(image="nginx"),
        "command_line": ("nginx",),
        "state": State.RUNNING,
        "created": NOW - timedelta(days=1),
        "started": NOW - timedelta(hours=5, minutes=12),
        **fields,
    }
    return Container(**values)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1.00 KiB"),
        (24_222_106, "23.1 MiB"),
        (1 << 20, "1.00 MiB"),
        (1.976e9, "1.84 GiB"),
    ],
)
def test_bytes(count: float, text: str) -> None:
    assert units.bytes_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1 << 10, "1 KiB"),
        (256 << 20, "256 MiB"),
        (13_946_061, "13.3 MiB"),
        (1 << 30, "1 GiB"),
    ],
)
def test_memory(count: float, text: str) -> None:
    assert units.memory_text(count) == text


def test_one_module_alone_writes_units_of_bytes() -> None:
    """So that a window cannot mix them: there is one family, in powers of two."""
    unit = re.compile(r"(?<![A-Za-z])[kKMGTP]i?B(?![A-Za-z])")
    for path in Path("gui").rglob("*.py"):
        if path.name == "units.py" or not unit.search(source := path.read_text()):
            continue
        tree = ast.parse(source)
        words = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        told = {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, DOCUMENTED)}
        told |= {n.value.value for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
        assert not [text for text in words if text not in told and unit.search(text)], path


@pytest.mark.parametrize(
    ("text", "count"), [("512m", 512 << 20), ("1.5g", 3 << 29), ("100", 100), ("64 MiB", 64 << 20)]
)
def test_sizes_are_read_as_docker_reads_them(text: str, count: int) -> None:
    assert read_size(text) == count


@pytest.mark.parametrize("count", [1, 1023, 1 << 10, 300 << 20, 3 << 30, (1 << 30) + 1])
def test_short_sizes_are_read_back(count: int) -> None:
    assert read_size(size_words(count)) == count


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59, "59 s"), (61, "1 min"), (5 * 3600 + 720, "5 h 12 min"), (30 * 3600, "1 d"), (26 * 86400, "26 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("fields", "text", "tone"),
    [
        ({}, "Up 5 h 12 min", Tone.SUCCESS),
        ({"health": HealthStatus(status=Health.UNHEALTHY)}, "Up 5 h 12 min", Tone.WARNING),
        (
            {"state": State.EXITED, "exit": Exit(code=0, ended=NOW - timedelta(minutes=3))},
            "Finished 3 min ago",
            Tone.MUTED,
        ),
        (
            {"state": State.EXITED, "exit": Exit(code=1, ended=NOW - timedelta(minutes=3))},
            "Ended with 1, 3 min ago",
            Tone.DANGER,
        ),
        (
            {"state": State.EXITED, "exit": Exit(code=137, ended=NOW, oom_killed=True)},
            "Out of memory just now",
            Tone.DANGER,
        ),
        ({"state": State.EXITED, "exit": Exit(code=143, ended=NOW, requested=True)}, "Stopped just now", Tone.MUTED),
        ({"state": State.CREATED}, "Never started", Tone.MUTED),
    ],
)
def test_states(fields: dict[str, Any], text: str, tone: Tone) -> None:
    one = container(**fields)
    assert words.status_text(one, NOW) == text
    assert words.state_words(one).tone is tone


def test_every_state_has_words() -> None:
    for state in State:
        assert words.state_words(container(state=state)).word


@pytest.mark.parametrize(
    ("port", "url"),
    [
        (PortMapping(container_port=80, host_port=8080), "http://localhost:8080/"),
        (PortMapping(container_port=443, host_port=8443), "https://localhost:8443/"),
        (PortMapping(container_port=80, host_port=80, host_ip="::1"), "http://[::1]:80/"),
        (PortMapping(container_port=53, host_port=53, protocol="udp"), ""),
        (PortMapping(container_port=80), ""),
    ],
)
def test_port_links(port: PortMapping, url: str) -> None:
    assert words.port_url(port) == url


def test_every_code_has_words_and_only_known_remedies() -> None:
    known = {
        "retry",
        "login",
        "choose-platform",
        "registries",
        "prune",
        "edit-ports",
        "doctor",
        "show-users",
        "edit",
        "check-store",
        "report",
    }
    for code in Code:
        found = words_of(WherryError("title", code=code))
        assert found.title == "title"
        assert {remedy.id for remedy in found.remedies} <= known


def test_a_taken_port_names_its_owner() -> None:
    spec = ContainerSpec(image="x", ports=(PortMapping(container_port=80, host_port=8080),))
    other = container(id="c" * 64, name="shop")
    taken = HostPort(port=8080, protocol="tcp", address="0.0.0.0", container_id=other.id)

    def remarks(own_id: str) -> list[str]:
        found = check_spec(
            spec, own_id=own_id, host_ports=[taken], containers={other.id: other}, path_exists=lambda _: True
        )
        return [remark.text for remark in found]

    assert remarks("") == ["Port 8080 is taken by the container shop"]
    assert remarks(other.id) == []


def test_missing_folders_and_contradictions_are_found() -> None:
    mount = Mount(kind="bind", source="/nowhere", target="/x")
    spec = ContainerSpec(
        image="x",
        mounts=(mount, replace(mount, create_source=True)),
        auto_remove=True,
        restart=RestartPolicy(name="always"),
    )
    found = check_spec(spec, own_id="", host_ports=[], containers={}, path_exists=lambda _: False)
    assert [remark.tone for remark in found] == [Tone.DANGER, Tone.DANGER, Tone.INFO, Tone.DANGER]


@pytest.mark.parametrize("second", ["/data/", "//data", "/a/../data"])
def test_the_form_tells_two_mounts_at_one_place_however_it_is_spelt(second: str) -> None:
    mounts = (Mount(kind="tmpfs", target="/data"), Mount(kind="tmpfs", target=second))
    found = check_spec(
        ContainerSpec(image="x", mounts=mounts), own_id="", host_ports=[], containers={}, path_exists=lambda _: True
    )
    assert [remark.text for remark in found] == ["Two mounts at /data"]


def test_a_free_port_is_suggested() -> None:
    taken = [HostPort(port=port, protocol="tcp", address="") for port in (8080, 8081)]
    assert suggest_port(80, taken) == 8082
    assert suggest_port(5432, taken) == 5432


def test_an_edit_says_what_it_takes() -> None:
    old = ContainerSpec(image="x")
    live = replace(old, resources=Resources(memory=1), ports=(PortMapping(container_port=80),))
    assert only_live(spec_differences(old, live, {}))
    both = spec_differences(old, replace(live, env={"A": "b"}, image="y"), {"env": "Environment"})
    assert {(d.words, d.needs) for d in both} >= {("Environment", "restart"), ("image", "recreate"), ("ports", "live")}


def test_the_palette_prefers_beginnings() -> None:
    assert score("web", "web server") > score("web", "shop-web") > score("web", "cobweb") > 0
    assert score("stp wb", "Stop web") > 0
    assert score("xyz", "Stop web") == 0


def test_what_a_server_said_is_set_off_from_our_hint() -> None:
    error = WherryError("h has no app:1", "manifest unknown", code=Code.NOT_FOUND, hint="Check the name and the tag.")
    assert words_of(error).text == "Manifest unknown. Check the name and the tag."
    host = WherryError("Oh", "ghcr.io answered 401", code=Code.NOT_FOUND)
    assert words_of(host).text == "ghcr.io answered 401."
    whole = WherryError("Oh", "Did it end?", code=Code.NOT_FOUND, hint="Look (there).")
    assert words_of(whole).text == "Did it end? Look (there)."


@pytest.mark.parametrize(
    ("seconds", "ended", "text"),
    [(0.043, True, "43.0 ms"), (4.2, True, "4.20 s"), (4.2, False, "4 s"), (75, True, "1 min"), (-1, False, "0 s")],
)
def test_what_an_operation_took(seconds: float, ended: bool, text: str) -> None:
    over = NOW + timedelta(seconds=seconds)
    operation = Operation(
        id="1",
        kind="pull",
        title="",
        subject="",
        started=NOW,
        state=OperationState.RUNNING,
        ended=over if ended else None,
    )
    assert took_text(operation, over) == text


def test_differences_of_texts_and_of_what_is_none() -> None:
    assert text_difference(b"same", b"same", ("a", "b")) == ""
    shown = text_difference(b"one\ntwo\n", b"one\n2\n", ("old", "new"))
    assert shown.splitlines()[:2] == ["--- old", "+++ new"]
    assert {"-two", "+2"} <= set(shown.splitlines())
    assert text_difference(b"\0" * 60, b"text", ("a", "b")) == "These are no texts: 60 B and 4 B"
    begun = text_difference(b"\0" * 60, b"text", ("a", "b"), (2048, 4))
    assert begun == "These are no texts: 2.00 KiB and 4 B", "of a large file only the beginning is read"
    assert "first 4 B are the same" in text_difference(b"same", b"same", ("a", "b"), (4, 9))
    assert "\ufffd" in text_difference(b"\xff", b"a", ("a", "b"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2, "just now"),
        (59, "59 s ago"),
        (3599, "59 min ago"),
        (5280, "1 h ago"),
        (86399, "23 h ago"),
        (90000, "1 d ago"),
    ],
)
def test_ages_are_one_figure(seconds: int, text: str) -> None:
    assert units.ago_text(NOW - timedelta(seconds=seconds), NOW) == text
