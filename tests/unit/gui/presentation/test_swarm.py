"""How services, tasks and nodes of a swarm are told."""

from __future__ import annotations

from typing import Any

import pytest

from engine.types.swarm import ServiceUpdate, StackPlan, StackStep, SwarmNode, SwarmPort, SwarmTask
from gui.presentation.remote import swarm as words
from gui.theme import Tone
from tests.unit.gui.made import MOMENT, a_service


@pytest.mark.parametrize(
    ("fields", "state", "tone", "replicas"),
    [
        ({"running": 3}, "Running", Tone.SUCCESS, "3/3"),
        ({"running": 2}, "Incomplete", Tone.WARNING, "2/3"),
        ({"running": 0, "replicas": 0, "wanted": 0}, "None wanted", Tone.NEUTRAL, "0/0"),
        ({"running": 2, "mode": "global", "wanted": 2, "replicas": 0}, "Running", Tone.SUCCESS, "2/2"),
        ({"running": 0, "completed": 3, "mode": "replicated-job"}, "Running", Tone.SUCCESS, "3/3"),
        ({"running": 2, "completed": 1, "mode": "global-job", "wanted": 2}, "Incomplete", Tone.WARNING, "1/2"),
    ],
)
def test_how_a_service_is(fields: dict[str, Any], state: str, tone: Tone, replicas: str) -> None:
    service = a_service(**fields)
    assert (words.service_state(service), words.service_tone(service)) == (state, tone)
    assert words.replicas_text(service) == replicas


@pytest.mark.parametrize(
    ("update", "state", "tone"),
    [
        ("updating", "Updating", Tone.ACCENT),
        ("paused", "Update paused", Tone.DANGER),
        ("rollback_started", "Rolling back", Tone.ACCENT),
        ("rollback_paused", "Roll-back paused", Tone.DANGER),
        ("rollback_completed", "Rolled back", Tone.SUCCESS),
        ("completed", "Running", Tone.SUCCESS),
    ],
)
def test_a_change_on_its_way_is_told_first(update: str, state: str, tone: Tone) -> None:
    service = a_service(running=3, update=ServiceUpdate(state=update))
    assert (words.service_state(service), words.service_tone(service)) == (state, tone)


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("replicated", "Replicated"),
        ("global", "On each node"),
        ("replicated-job", "Job"),
        ("global-job", "Job on each node"),
    ],
)
def test_how_often_a_service_runs(mode: str, text: str) -> None:
    assert words.mode_text(a_service(mode=mode)) == text


def test_only_published_ports_are_told() -> None:
    ports = (
        SwarmPort(target=80, published=8080),
        SwarmPort(target=9),
        SwarmPort(target=53, published=5, protocol="udp"),
    )
    assert words.ports_text(a_service(ports=ports)) == "8080→80/tcp, 5→53/udp"


@pytest.mark.parametrize(
    ("state", "text", "tone"),
    [
        ("new", "New", Tone.ACCENT),
        ("allocated", "Allocated", Tone.ACCENT),
        ("pending", "Waiting for a node", Tone.ACCENT),
        ("assigned", "Assigned", Tone.ACCENT),
        ("accepted", "Accepted", Tone.ACCENT),
        ("preparing", "Preparing", Tone.ACCENT),
        ("ready", "Ready", Tone.ACCENT),
        ("starting", "Starting", Tone.ACCENT),
        ("running", "Running", Tone.SUCCESS),
        ("complete", "Complete", Tone.NEUTRAL),
        ("shutdown", "Shut down", Tone.NEUTRAL),
        ("remove", "Being removed", Tone.NEUTRAL),
        ("failed", "Failed", Tone.DANGER),
        ("rejected", "Rejected", Tone.DANGER),
        ("orphaned", "Lost with its node", Tone.DANGER),
        ("a new word", "a new word", Tone.ACCENT),
    ],
)
def test_how_a_task_is(state: str, text: str, tone: Tone) -> None:
    task = SwarmTask(id="t", name="web.1", service_id="s", service="web", state=state, since=MOMENT, created=MOMENT)
    assert (words.task_state(task), words.task_tone(task)) == (text, tone)


@pytest.mark.parametrize(
    ("state", "text", "tone"),
    [
        ("ready", "Ready", Tone.SUCCESS),
        ("down", "Down", Tone.DANGER),
        ("unknown", "Unknown", Tone.WARNING),
        ("disconnected", "Disconnected", Tone.WARNING),
    ],
)
def test_how_a_node_is(state: str, text: str, tone: Tone) -> None:
    node = SwarmNode(id="n", name="n1", state=state)
    assert (words.node_state(node), words.node_tone(node)) == (text, tone)


@pytest.mark.parametrize(
    ("fields", "availability", "role"),
    [
        ({"availability": "active"}, "Active", "Worker"),
        ({"availability": "pause", "role": "manager"}, "Paused", "Manager"),
        ({"availability": "drain", "role": "manager", "leader": True}, "Drained", "Manager, leader"),
    ],
)
def test_what_a_node_is_for(fields: dict[str, Any], availability: str, role: str) -> None:
    node = SwarmNode(id="n", name="n1", **fields)
    assert (words.availability_text(node), words.role_text(node)) == (availability, role)


def test_a_deployment_tells_what_it_does_and_counts_what_stays() -> None:
    kinds = (("create", "a"), ("keep", "b"), ("update", "c"), ("keep", "d"), ("remove", "e"))
    steps = tuple(StackStep(action=action, kind="service", name=name) for action, name in kinds)  # type: ignore[arg-type]
    told = words.plan_lines(StackPlan(stack="shop", steps=steps))
    assert told == "New: service a\nChanged: service c\nRemoved: service e\nAs it is: 2"
    assert words.plan_lines(StackPlan(stack="shop")) == ""
