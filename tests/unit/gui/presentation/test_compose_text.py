"""Containers and lines of `docker run` as a compose file that people would have written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.types.containers import Container, ContainerSpec
from engine.types.images import Image, ImageConfig
from gui.presentation.projects.compose_text import project_of, service_of_line
from tests.unit.gui.made import a_container, an_image

CONFIG = ImageConfig(
    env=("PATH=/bin", "MODE=fast"), labels={"maker": "us"}, workdir="/app", user="app", stop_signal="SIGQUIT",
    command=("serve",), entrypoint=("/start",),
)  # fmt: skip
IMAGES = {"i": an_image(config=CONFIG)}
SAME: dict[str, Any] = {
    "env": {"PATH": "/bin", "MODE": "fast"}, "labels": {"maker": "us"}, "workdir": "/app", "user": "app",
    "stop_signal": "SIGQUIT", "command": ("serve",), "entrypoint": ("/start",),
}  # fmt: skip


def one(images: dict[str, Image] = IMAGES, **fields: Any) -> dict[str, Any]:
    """The service that a container becomes."""
    made = a_container("web", image_id="i", spec=ContainerSpec(image="nginx:1", **fields))
    read = yaml.safe_load(project_of([made], images, "shop"))
    service: dict[str, Any] = read["services"]["web"]
    return service


def test_what_the_image_says_is_not_said_again() -> None:
    assert one(**SAME) == one()
    assert set(one({}, **SAME)) - set(one({})) == {
        "environment", "labels", "working_dir", "user", "stop_signal", "command", "entrypoint"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "key", "said"),
    [
        ("env", {"PATH": "/bin", "MODE": "slow"}, "environment", {"MODE": "slow"}),
        ("labels", {"maker": "them", "com.docker.compose.service": "x"}, "labels", {"maker": "them"}),
        ("workdir", "/other", "working_dir", "/other"),
        ("user", "root", "user", "root"),
        ("stop_signal", "SIGINT", "stop_signal", "SIGINT"),
        ("command", ("serve", "-x"), "command", ["serve", "-x"]),
        ("entrypoint", ("/other",), "entrypoint", ["/other"]),
    ],
)
def test_what_the_image_says_otherwise_is_said(field: str, value: Any, key: str, said: Any) -> None:
    assert one(**SAME | {field: value})[key] == said


def test_what_compose_has_no_word_for_stands_as_a_remark() -> None:
    made = a_container("web", spec=ContainerSpec(image="nginx:1", auto_remove=True, publish_all=True))
    text = project_of([made, a_container("db")], {}, "My Shop")
    assert text.split("\n")[:3] == [
        "# web: compose has no word for auto_remove: True",
        "# web: compose has no word for publish_all: True",
        "name: myshop",
    ]
    assert list(yaml.safe_load(text)["services"]) == ["web", "db"]


def test_a_host_name_that_was_invented_is_left_out() -> None:
    made = a_container("web")
    spec = ContainerSpec(image="x", hostname=made.id[:12])
    assert "hostname" not in project_of([a_container("web", spec=spec)], {}, "shop")
    chosen: Container = a_container("web", spec=ContainerSpec(image="x", hostname="mail"))
    assert "hostname: mail" in project_of([chosen], {}, "shop")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("docker run --name Web-1 nginx", "web-1"),
        ("docker run ghcr.io/team/My_App:1.0", "my_app"),
        ("docker run redis@sha256:" + "a" * 64, "redis"),
        ("docker run --name ÄÖ nginx", "app"),
    ],
)
def test_a_line_becomes_a_service_with_a_name(line: str, name: str) -> None:
    found, text = service_of_line(line)
    assert found == name
    assert list(yaml.safe_load(text)["services"]) == [name]


def test_what_a_line_names_becomes_the_projects_own() -> None:
    _, text = service_of_line("docker run --name web -v data:/v --network back -p 80:80 nginx")
    read = yaml.safe_load(text)
    assert "container_name" not in text
    assert (read["volumes"], read["networks"]) == ({"data": {}}, {"back": {}})
    assert list(read["services"]) == ["web"]
