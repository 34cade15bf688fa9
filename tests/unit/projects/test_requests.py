"""What a project asks of the other rooms, field by field."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from engine.compose.planning.bodies import network_body, volume_body
from engine.compose.reading.loading import Project, Request, load
from engine.projects.requests import agents_of, build_request, network_request, volume_request
from engine.types.builds import BuildImage, BuildSecret
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from pathlib import Path


def project(service: str, more: str = "") -> Project:
    text = f"name: p\nservices:\n  base: {{build: /base}}\n  a:\n{textwrap.indent(service, '    ')}\n{more}\n"

    def opened(path: str) -> str:
        if path == "/p/compose.yaml":
            return text
        raise FileNotFoundError(path)

    return load(Request(("/p/compose.yaml",), "/p", {}), opened)


def asked(service: str, more: str = "", **environment: str) -> BuildImage:
    return build_request(project(service, more), "a", environment)


def test_a_build_that_says_only_where_is_named_after_its_service() -> None:
    assert asked("build: /ctx") == BuildImage(context="/ctx", dockerfile="Dockerfile", tags=("p-a",))


def test_a_build_is_asked_for_as_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"k\xff")
    service = """
image: mine
platform: linux/arm64
build:
  context: /ctx
  dockerfile: other
  target: last
  args: {A: b}
  labels: {l: m}
  tags: [t1, mine, t2]
  no_cache: true
  pull: true
  network: host
  extra_hosts: [db=10.0.0.1]
  ssh: [default, work=/run/agent]
  secrets: [key, {source: word, target: w}, {source: none}]
  additional_contexts: {base: "service:base", far: "https://a.b/c.git"}
"""
    secrets = f"secrets: {{key: {{file: {tmp_path}/key}}, word: {{environment: WORD}}, none: {{environment: NONE}}}}"
    assert asked(service, secrets, WORD="open", SSH_AUTH_SOCK="/run/ssh") == BuildImage(
        context="/ctx",
        dockerfile="other",
        tags=("mine", "t1", "t2"),
        target="last",
        build_args={"A": "b"},
        labels={"l": "m"},
        secrets=(
            BuildSecret(id="key", value=b"k\xff"), BuildSecret(id="w", value=b"open"),
            BuildSecret(id="none", value=b""),
        ),
        ssh_sockets={"default": "/run/ssh", "work": "/run/agent"},
        named_contexts={"base": "docker-image://p-base", "far": "https://a.b/c.git"},
        no_cache=True,
        pull=True,
        platform="linux/arm64",
        network="host",
        extra_hosts=("db:10.0.0.1",),
    )  # fmt: skip
    assert asked("build: {context: /c, dockerfile_inline: 'FROM x', network: none}") == BuildImage(
        context="/c", dockerfile_text="FROM x", tags=("p-a",), network="none"
    )
    assert asked("build: {context: /c, network: other}").network == ""


@pytest.mark.parametrize(
    ("words", "environment", "found"),
    [
        ((), {}, {}),
        (("default",), {"SSH_AUTH_SOCK": "/s"}, {"default": "/s"}),
        (("default",), {}, {"default": ""}),
        (("a=/x", "b=/y=z"), {"SSH_AUTH_SOCK": "/s"}, {"a": "/x", "b": "/y=z"}),
    ],
)
def test_agents_have_their_sockets(words: tuple[str, ...], environment: dict[str, str], found: dict[str, str]) -> None:
    assert agents_of(words, environment) == found


def test_networks_and_volumes_are_asked_for_as_the_file_says() -> None:
    made = project(
        'image: x\nnetworks: [n, m]\nvolumes: ["v:/v", "w:/w"]',
        """
networks:
  m: {}
  n: {driver: bridge, internal: true, enable_ipv6: true, driver_opts: {a: b},
      ipam: {config: [{subnet: 10.5.0.0/16, gateway: 10.5.0.1, ip_range: 10.5.1.0/24, aux_addresses: {r: 10.5.0.2}}]}}
volumes: {w: , v: {driver: local, driver_opts: {type: tmpfs}}}
""",
    )
    body = network_body(made, "n")
    assert network_request(body) == CreateNetwork(
        name="p_n", labels=body["Labels"], internal=True, ipv6=True, subnet="10.5.0.0/16", gateway="10.5.0.1",
        ip_range="10.5.1.0/24", reserved={"r": "10.5.0.2"}, driver="bridge", options={"a": "b"},
    )  # fmt: skip
    plain = network_body(made, "m")
    assert network_request(plain) == CreateNetwork(name="p_m", labels=plain["Labels"], ipv6=False, driver="bridge")
    volume = volume_body(made, "v")
    assert volume_request(volume) == CreateVolume(
        name="p_v", labels=volume["Labels"], driver="local", options={"type": "tmpfs"}
    )
    bare = volume_body(made, "w")
    assert volume_request(bare) == CreateVolume(name="p_w", labels=bare["Labels"], driver="local")
