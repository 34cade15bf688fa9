"""What a service's fields come to: short forms as long ones, and what is said of those that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from engine.compose.faults import ComposeError
from engine.compose.planning.export import as_service
from tests.unit.compose.test_bodies import project

PORT = {"mode": "ingress", "protocol": "tcp", "target": 80}
MODES = "Z, cached, consistent, delegated, nocopy, private, ro, rprivate, rshared, rslave, rw, shared, slave, z"
LONG: list[tuple[str, str, Any]] = [
    ('["80"]', "ports", [PORT]),
    ('["8080:80"]', "ports", [PORT | {"published": "8080"}]),
    ('["127.0.0.1:8080:80"]', "ports", [PORT | {"published": "8080", "host_ip": "127.0.0.1"}]),
    ('["127.0.0.1::80"]', "ports", [PORT | {"host_ip": "127.0.0.1"}]),
    ('["[::1]:8080:80"]', "ports", [PORT | {"published": "8080", "host_ip": "::1"}]),
    ('["::1:8080:80"]', "ports", [PORT | {"published": "8080", "host_ip": "::1"}]),
    ('["8080-8081:80"]', "ports", [PORT | {"published": "8080-8081"}]),
    ('["8080-8081:80-81/udp"]', "ports", [
        PORT | {"published": "8080", "protocol": "udp"},
        PORT | {"published": "8081", "protocol": "udp", "target": 81},
    ]),
    ('["data:/d:rshared"]', "volumes",
     [{"type": "volume", "source": "data", "target": "/d", "volume": {}, "bind": {"propagation": "rshared"}}]),
    ('["/h:/d:ro,Z,cached"]', "volumes",
     [{"type": "bind", "source": "/h", "target": "/d", "read_only": True, "bind": {"selinux": "Z"},
       "consistency": "cached"}]),
    ('["data:/d:nocopy"]', "volumes",
     [{"type": "volume", "source": "data", "target": "/d", "volume": {"nocopy": True}}]),
    ('["./h:/d/"]', "volumes", [{"type": "bind", "source": "/p/h", "target": "/d", "bind": {}}]),
    ("[vendor.com/gpu=0]", "devices",
     [{"source": "vendor.com/gpu=0", "target": "vendor.com/gpu=0", "permissions": "rwm"}]),
    ("[/dev/a]", "devices", [{"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"}]),
    ('["/dev/a:/dev/b:r"]', "devices", [{"source": "/dev/a", "target": "/dev/b", "permissions": "r"}]),
    ('[{source: key, mode: "0440"}]', "secrets", [{"source": "key", "target": "/run/secrets/key", "mode": "0440"}]),
    ("[{source: key, mode: 288}]", "secrets", [{"source": "key", "target": "/run/secrets/key", "mode": "0440"}]),
    ("false", "attach", False),
    ("false", "init", False),
]  # fmt: skip
MORE = "volumes: {data: }\nsecrets: {key: {file: /k}}"


@pytest.mark.parametrize(("text", "field", "long"), LONG)
def test_a_short_form_is_the_long_one(text: str, field: str, long: Any) -> None:
    service = project(f"{field}: {text}", MORE).services["a"]
    assert service[field] == long
    assert as_service(service)[field] == long


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extra_hosts: 5", "services.a.extra_hosts: must be a list or a mapping"),
        ("devices: ['a:b:c:d']", "confusing device mapping, please use long syntax: a:b:c:d"),
        ("secrets: [{source: key, mode: '0489'}]", "“0489” is no file mode (written like 0440)"),
        ("user: ${}", "“${}”"),
        ("user: ${A B}", "“${A B}”"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_place(text: str, said: str) -> None:
    with pytest.raises(ComposeError) as caught:
        project(text, MORE)
    assert said in str(caught.value)


def test_an_option_of_a_mount_that_nobody_knows_is_ignored_with_a_word() -> None:
    (problem,) = project("volumes: ['data:/d:often']", MORE).warnings
    assert problem.path == ("services", "a", "volumes", 0)
    assert problem.message == "“often” in “data:/d:often” is no option of a mount and is ignored"
    assert problem.hint == f"known are {MODES}"


def test_what_is_said_twice_agrees() -> None:
    assert project("scale: 3\ndeploy: {mode: replicated}").services["a"]["deploy"]["replicas"] == 3


def test_a_file_of_secrets_alone_is_a_file() -> None:
    assert project("secrets: [key]", "secrets: {key: {file: /k}}").model["secrets"]["key"]["file"] == "/k"
