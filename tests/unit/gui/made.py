"""Snapshots as the engine gives them, to be shown: each with what a test names, and the rest plausible."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.types.builds import Build, BuildStep, StepState
from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import Platform, now
from engine.types.images import Image, ImageConfig
from engine.types.swarm import SwarmPort, SwarmService
from gui.presentation.remote.clusters import ClusterRow

MOMENT = now()
AGO = {"created": MOMENT - timedelta(days=3, minutes=1)}
STARTED = MOMENT - timedelta(hours=2, minutes=1)


def a_container(name: str, **others: Any) -> Container:
    known: dict[str, Any] = {
        "id": name * 8,
        "name": name,
        "image_id": "",
        "image": "docker.io/library/nginx:1",
        "command_line": ("serve", "-x"),
        "spec": ContainerSpec(image="nginx"),
        "state": State.RUNNING,
        "created": AGO["created"],
    }
    return Container(**known | others)


def an_image(**others: Any) -> Image:
    known: dict[str, Any] = {
        "id": "sha256:" + "ab" * 32,
        "tags": ("localhost/app:1", "localhost/app:2"),
        "digests": (),
        "size": 5 << 20,
        "platform": Platform(os="linux", architecture="amd64"),
        "config": ImageConfig(),
        "unique_size": 1 << 20,
        "shared_size": 4 << 20,
        "layers": (),
        "created": AGO["created"],
    }
    return Image(**known | others)


def a_row(plural: str, kind: str, **others: Any) -> ClusterRow:
    known: dict[str, Any] = {"namespace": "shop", "name": "web", "created": AGO["created"]} | others
    return ClusterRow("here", plural, kind, **known)


def a_build(**others: Any) -> Build:
    steps = (
        BuildStep(id="0", stage="one", number=0, total=2, instruction="FROM a", line=1, state=StepState.DONE),
        BuildStep(id="1", stage="one", number=1, total=2, instruction="RUN x", line=2, state=StepState.CACHED),
    )
    known = {"context": "/home/me/app", "dockerfile": "Dockerfile", "tags": ("x:1", "x:2"), "steps": steps}
    return Build(**{"id": "b", "started": STARTED, "ended": STARTED + timedelta(seconds=75)} | known | others)  # type: ignore[arg-type]


def a_service(**others: Any) -> SwarmService:
    known: dict[str, Any] = {
        "id": "s1",
        "name": "shop_web",
        "stack": "shop",
        "image": "nginx:1",
        "wanted": 3,
        "running": 2,
        "replicas": 3,
        "created": MOMENT,
        "updated": AGO["created"],
        "ports": (SwarmPort(target=80, published=8080),),
    }
    return SwarmService(**known | others)
