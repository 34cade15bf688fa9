"""Which ports meet, which paths matter: one line of advice at a time, with its place, and nothing where all is well."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from engine.compose.reading.loading import Request, load
from engine.projects.advice import advise
from engine.types.networks import HostPort

if TYPE_CHECKING:
    from pathlib import Path


def advised(service: str, *listening: HostPort, more: str = "", **environment: str) -> list[tuple[Any, str, bool]]:
    text = f"name: p\nservices:\n  a:\n    image: x\n{textwrap.indent(service, '    ')}\n{more}\n"

    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return text
        raise FileNotFoundError(path)

    project = load(Request(("/p/compose.yaml",), "/p", environment), opened)
    return [(each.path, each.message, each.warning) for each in advise(project, listening, {"mine"})]


def listens(port: int = 80, protocol: Any = "tcp", address: str = "0.0.0.0", **who: str) -> HostPort:
    return HostPort(port=port, protocol=protocol, address=address, **who)


PORT = ("services", "a", "ports", 0)


@pytest.mark.parametrize(
    ("ports", "listening", "told"),
    [
        ('["80:1"]', listens(process="nginx"), "port 80 is taken by nginx"),
        ('["80:1"]', listens(container_id="other"), "port 80 is taken by another container"),
        ('["80:1"]', listens(), "port 80 is taken"),
        ('["80:1"]', listens(container_id="mine"), ""),
        ('["80:1"]', listens(81), ""),
        ('["80:1"]', listens(protocol="udp"), ""),
        ('["80:1/udp"]', listens(protocol="udp"), "port 80 is taken"),
        ('["80:1"]', listens(address="127.0.0.1"), "port 80 is taken"),
        ('["127.0.0.1:80:1"]', listens(), "port 80 is taken"),
        ('["127.0.0.1:80:1"]', listens(address="::"), "port 80 is taken"),
        ('["127.0.0.1:80:1"]', listens(address="127.0.0.1"), "port 80 is taken"),
        ('["127.0.0.1:80:1"]', listens(address="127.0.0.2"), ""),
        ('["80"]', listens(), ""),
    ],
)
def test_a_port_that_is_taken(ports: str, listening: HostPort, told: str) -> None:
    assert advised(f"ports: {ports}", listening) == ([(PORT, told, True)] if told else [])


def test_a_port_is_told_once_and_the_next_ones_are_looked_at_too() -> None:
    found = advised('ports: ["1", "80:1", "81:1"]', listens(), listens(address="::"), listens(81, process="x"))
    assert [(path[3], message) for path, message, _ in found] == [
        (1, "port 80 is taken"), (2, "port 81 is taken by x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ports", "other", "told"),
    [
        ('["80:1"]', '["80:2"]', True),
        ('["80:1"]', '["80:2/udp"]', False),
        ('["127.0.0.1:80:1"]', '["80:2"]', False),
        ('["80"]', '["80"]', False),
        ('["81", "80:1"]', '["80:2"]', True),
    ],
)
def test_a_port_that_two_publish(ports: str, other: str, told: bool) -> None:
    found = advised(f"ports: {ports}", more=f"  b: {{image: x, ports: {other}}}")
    wanted = (("services", "b", "ports", 0), "port 80 is published by a already", True)
    assert found == ([wanted] if told else [])


def test_paths_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    volumes = f'["{tmp_path}/there:/a", "named:/b", "{tmp_path}/gone:/c"]'
    build = f"build: {{context: {tmp_path}/none}}"
    made = f"{tmp_path}/gone does not exist: it will be made, as an empty directory"
    assert advised(f"volumes: {volumes}\n{build}", more="volumes: {named: {}}") == [
        (("services", "a", "volumes", 2), made, True),
        (("services", "a", "build", "context"), f"there is no directory {tmp_path}/none", True),
    ]
    assert advised(f"build: {{context: {tmp_path}/there}}") == []
    assert advised("build: {context: https://a.b/c.git}") == []


def test_secrets_without_a_value_or_open_to_all(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "own").write_text("x")
    (tmp_path / "own").chmod(0o600)

    def of(kind: str, entry: str, **environment: str) -> list[tuple[Any, str, bool]]:
        return advised("", more=f"{kind}: {{k: {entry}}}", **environment)

    told = of("secrets", f"{{file: {tmp_path}/open}}")
    assert told == [(("secrets", "k", "file"), f"{tmp_path}/open can be read by everybody on this machine", True)]
    assert of("configs", f"{{file: {tmp_path}/open}}") == []
    assert of("secrets", f"{{file: {tmp_path}/own}}") == []
    gone = of("configs", f"{{file: {tmp_path}/gone}}")
    assert gone == [(("configs", "k", "file"), f"{tmp_path}/gone: no such file or directory", True)]
    unset = of("secrets", "{environment: WORD}")
    assert unset == [(("secrets", "k", "environment"), "the variable WORD is not set", True)]
    assert of("secrets", "{environment: WORD}", WORD="") == []
    assert of("configs", "{content: x}") == []
