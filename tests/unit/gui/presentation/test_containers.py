"""A container in words: how it is, what it was made from, where it answers, what it has mounted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.types.containers import ContainerSpec, Exit, Health, HealthStatus, Mount, PortMapping, State
from gui.presentation.containers import words
from gui.theme import Tone
from tests.unit.gui.made import AGO, MOMENT, STARTED, a_container

BAD = Exit(code=1, ended=MOMENT)


@pytest.mark.parametrize(
    ("fields", "word", "tone", "icon"),
    [
        ({"state": State.CREATED}, "Created", Tone.MUTED, "container"),
        ({"state": State.STARTING}, "Starting", Tone.INFO, "play"),
        ({"health": HealthStatus(status=Health.UNHEALTHY)}, "Unhealthy", Tone.WARNING, "warning"),
        ({"health": HealthStatus(status=Health.STARTING)}, "Running", Tone.SUCCESS, "play"),
        ({"state": State.PAUSED}, "Paused", Tone.INFO, "pause"),
        ({"state": State.STOPPING}, "Stopping", Tone.INFO, "stop"),
        ({"state": State.RESTARTING}, "Restarting", Tone.WARNING, "restart"),
        ({"state": State.EXITED, "exit": BAD}, "Failed", Tone.DANGER, "error"),
        ({"state": State.EXITED}, "Stopped", Tone.MUTED, "stop"),
        ({"state": State.REMOVING}, "Removing", Tone.INFO, "trash"),
        ({"state": State.DEAD}, "Broken", Tone.DANGER, "error"),
    ],
)
def test_how_a_container_is(fields: dict[str, Any], word: str, tone: Tone, icon: str) -> None:
    assert words.state_words(a_container("web", **fields)) == (word, tone, icon)
    assert Path(f"resources/icons/{icon}.svg").exists()


@pytest.mark.parametrize(
    ("fields", "badly"),
    [
        ({"code": 0}, False),
        ({"code": 1}, True),
        ({"code": 0, "oom_killed": True}, True),
        ({"code": 0, "error": "no such file"}, True),
        ({"code": 137, "requested": True}, False),
    ],
)
def test_only_what_nobody_asked_for_is_a_bad_end(fields: dict[str, Any], *, badly: bool) -> None:
    assert words.ended_badly(a_container("web", exit=Exit(ended=MOMENT, **fields))) is badly
    assert not words.ended_badly(a_container("web"))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"started": STARTED}, "Up 2 h 1 min"),
        ({"state": State.PAUSED, "started": STARTED}, "Paused, up 2 h 1 min"),
        ({"state": State.PAUSED}, "Paused"),
        ({"state": State.STOPPING, "started": STARTED}, "Stopping"),
        ({"state": State.EXITED, "exit": Exit(code=1, ended=STARTED, error="x")}, "Could not start 2 h ago"),
        ({"state": State.EXITED, "exit": Exit(code=1, ended=STARTED)}, "Ended with 1, 2 h ago"),
        ({"state": State.EXITED}, "Stopped"),
        ({"state": State.RESTARTING, "exit": BAD}, "Restarting"),
    ],
)
def test_how_long_it_has_been_so(fields: dict[str, Any], text: str) -> None:
    assert words.status_text(a_container("web", **fields), MOMENT) == text


def test_the_longest_up_stand_first_then_the_latest_ended() -> None:
    order = [
        a_container("old", started=STARTED),
        a_container("young", started=MOMENT),
        a_container("just ended", state=State.EXITED, started=STARTED, exit=Exit(code=0, ended=MOMENT)),
        a_container("ended", state=State.EXITED, exit=Exit(code=0, ended=STARTED)),
        a_container("new", state=State.CREATED, created=MOMENT),
        a_container("never", state=State.CREATED, created=AGO["created"]),
    ]
    mixed = [order[place] for place in (4, 0, 3, 5, 1, 2)]
    assert sorted(mixed, key=words.uptime_sort_key) == order


@pytest.mark.parametrize(
    ("health", "told"),
    [
        (Health.HEALTHY, ("Healthy", Tone.SUCCESS)),
        (Health.UNHEALTHY, ("Unhealthy", Tone.WARNING)),
        (Health.STARTING, ("Checking", Tone.INFO)),
        (Health.NONE, ("", Tone.MUTED)),
    ],
)
def test_how_its_health_is(health: Health, told: tuple[str, Tone]) -> None:
    assert words.health_words(a_container("web", health=HealthStatus(status=health))) == told


@pytest.mark.parametrize(
    ("labels", "network", "project", "group"),
    [
        ({"com.docker.compose.project": "shop"}, "pod:front", "shop", "shop"),
        ({}, "pod:front", "", "front"),
        ({}, "bridge", "", ""),
    ],
)
def test_it_stands_under_its_project_else_its_pod(
    labels: dict[str, str], network: str, project: str, group: str
) -> None:
    one = a_container("web", spec=ContainerSpec(image="x", labels=labels, network=network))
    assert (words.project_of(one), words.group_of(one)) == (project, group)


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("docker.io/library/nginx:latest", "nginx"),
        ("docker.io/team/app:1", "team/app:1"),
        ("ghcr.io/library/app:latest", "ghcr.io/library/app"),
        ("sha256:" + "ab" * 32, "ab" * 6),
        ("app:latest:1", "app:latest:1"),
    ],
)
def test_an_image_is_called_as_people_write_it(reference: str, text: str) -> None:
    assert words.image_text(reference) == text


@pytest.mark.parametrize(
    ("fields", "short", "long", "url"),
    [
        ({}, "auto", "auto → 80/tcp", ""),
        ({"host_port": 8080}, "8080", "8080 → 80/tcp", "http://localhost:8080/"),
        ({"host_port": 53, "protocol": "udp"}, "53/udp", "53 → 80/udp", ""),
        ({"host_port": 1, "host_ip": "0.0.0.0"}, "1", "0.0.0.0:1 → 80/tcp", "http://localhost:1/"),
        ({"host_port": 1, "host_ip": "::"}, "1", ":::1 → 80/tcp", "http://localhost:1/"),
        ({"host_port": 1, "host_ip": "10.0.0.5"}, "1", "10.0.0.5:1 → 80/tcp", "http://10.0.0.5:1/"),
        ({"host_port": 1, "container_port": 8443}, "1", "1 → 8443/tcp", "https://localhost:1/"),
        ({"host_port": 1, "container_port": 443}, "1", "1 → 443/tcp", "https://localhost:1/"),
    ],
)
def test_where_a_port_answers(fields: dict[str, Any], short: str, long: str, url: str) -> None:
    port = PortMapping(**{"container_port": 80} | fields)
    assert (words.port_text(port), words.port_mapping_text(port), words.port_url(port)) == (short, long, url)


def test_at_rest_it_shows_the_ports_it_would_publish() -> None:
    asked, got = PortMapping(container_port=80), PortMapping(container_port=80, host_port=32768)
    spec = ContainerSpec(image="x", ports=(asked,))
    assert words.shown_ports(a_container("web", spec=spec, ports=(got,))) == (got,)
    assert words.shown_ports(a_container("web", spec=spec)) == ()
    assert words.shown_ports(a_container("web", spec=spec, state=State.EXITED)) == (asked,)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"kind": "tmpfs"}, "memory, no size limit"),
        ({"kind": "tmpfs", "tmpfs_size": 64 << 20}, "memory, 64 MiB"),
        ({"kind": "volume", "source": "0af9" * 16}, "unnamed volume 0af90af90af9"),
        ({"kind": "volume", "source": "0agg" * 16}, "0agg" * 16),
        ({"kind": "volume", "source": "abcdef"}, "abcdef"),
        ({"kind": "bind", "source": "/home/me"}, "/home/me"),
        ({"kind": "bind", "source": "0" * 64}, "0" * 64),
    ],
)
def test_what_is_mounted(fields: dict[str, Any], text: str) -> None:
    assert words.mount_text(Mount(target="/x", **fields)) == text


def test_a_command_can_be_given_to_a_shell() -> None:
    assert words.command_text(["sh", "-c", "echo a b"]) == "sh -c 'echo a b'"


def test_what_a_container_is_found_by() -> None:
    spec = ContainerSpec(image="x", labels={"com.docker.compose.project": "Shop", "team": "Blue"})
    one = a_container("Web", spec=spec, ports=(PortMapping(container_port=80, host_port=8080),))
    assert words.haystack(one) == "web docker.io/library/nginx:1 webwebwebweb shop 8080 running shop blue"
