"""What is here, told as a manifest, makes the same again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from engine.kube.wanted import read_wanted
from engine.recipe.crossing import recipe_of
from engine.recipe.exports.kubernetes import Part, PodWriter, dns_name, documents_text, workload, write_kubernetes
from engine.recipe.exports.yaml_text import yaml_text
from engine.types.containers import (
    ContainerSpec,
    HealthCheck,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
)  # fmt: skip
from engine.types.pods import INIT_LABEL

BASE = ContainerSpec(image="docker.io/library/busybox:latest", restart=RestartPolicy(name="always"))


@dataclass
class Again:
    spec: ContainerSpec
    ports: tuple[PortMapping, ...]
    hosts: tuple[str, ...]
    dns: tuple[str, ...]


def again(spec: ContainerSpec) -> Again:
    text = write_kubernetes(recipe_of(spec), "web", with_service=False)
    (pod,) = read_wanted({"again.yaml": text}).pods
    made = pod.containers[0].spec
    return Again(
        replace(made, labels={}, network="pasta", exposed_ports=()), pod.recipe.ports, pod.recipe.extra_hosts,
        pod.recipe.dns,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"command": ("sh", "-c", "echo $(HOME) $$; sleep 1")},
        {"entrypoint": ("/bin/tool",), "command": ("--flag", "true", "5", "null")},
        {"env": {"A": "b", "PATTERN": "$(X)", "EMPTY": "", "LINES": "one\ntwo\n", "YES": "yes"}},
        {"workdir": "/srv", "tty": True, "stdin_open": True},
        {"user": "1000:50"},
        {"resources": Resources(memory=64 << 20, memory_reservation=32 << 20, cpus=0.5, cpu_shares=512)},
        {"security": Security(read_only_root=True, no_new_privileges=True, capabilities_add=("NET_ADMIN",),
                              capabilities_drop=("MKNOD",))},
        {"security": Security(privileged=True, seccomp="unconfined")},
        {"mounts": (Mount(kind="bind", source="/srv/data", target="/data", read_only=True),
                    Mount(kind="volume", source="pgdata", target="/db", subpath="inner", copy_up=False))},
        {"stop_timeout": 7.0},
        {"restart": RestartPolicy(name="no")},
        {"extra_groups": ("50", "60")},
        {"health": HealthCheck(test=("CMD", "true"), interval=5, timeout=2, retries=4, start_period=9,
                               start_interval=1)},
        {"health": HealthCheck(test=("WHERRY-HTTP", "http://127.0.0.1:80/ok?x=1", "Host: me"), interval=5, timeout=2,
                               retries=4, start_interval=1)},
        {"health": HealthCheck(test=("WHERRY-TCP", "127.0.0.1:80"), interval=5, timeout=2, retries=4,
                               start_interval=1)},
    ],
)  # fmt: skip
def test_a_recipe_comes_back(changes: dict[str, Any]) -> None:
    spec = replace(BASE, **changes)
    assert again(spec).spec == spec


def test_what_belongs_to_the_pod_comes_back() -> None:
    ports = (
        PortMapping(container_port=80, host_port=8080),
        PortMapping(container_port=53, host_port=53, protocol="udp"),
    )
    found = again(replace(BASE, ports=ports, extra_hosts=("db:10.0.0.9",), dns=("9.9.9.9",)))
    assert (found.ports, found.hosts, found.dns) == (ports, ("db:10.0.0.9",), ("9.9.9.9",))


def test_what_a_manifest_cannot_say_stands_in_a_comment() -> None:
    spec = replace(BASE, shm_size=1 << 20, user="me", network="town")
    text = write_kubernetes(recipe_of(spec), "web")
    assert "# Not said here: web: shm_size = 1048576\n" in text
    assert "the user “me”" in text
    assert "its network “town”" in text


def test_a_pod_with_one_that_prepares_it_comes_back() -> None:
    parts = [Part("first", recipe_of(replace(BASE, restart=RestartPolicy())), init=True), Part("app", recipe_of(BASE))]
    shared = {"ports": [{"container_port": 80, "host_port": 8080, "protocol": "tcp", "host_ip": ""}], "hostname": "box"}
    spec = PodWriter().spec(parts, shared)
    (pod,) = read_wanted({"a.yaml": documents_text([workload("web", spec, {"tier": "front"})])}).pods
    assert [each.name for each in pod.containers] == ["web-first", "web-app"]
    assert pod.containers[0].spec.labels[INIT_LABEL] == "1"
    assert pod.recipe.ports == (PortMapping(container_port=80, host_port=8080),)
    assert (pod.recipe.hostname, pod.recipe.labels["tier"]) == ("box", "front")


@pytest.mark.parametrize(
    "value",
    [
        {
            "a": "yes",
            "b": "no",
            "c": "0x1f",
            "d": "1e3",
            "e": "~",
            "f": "",
            "g": "- x",
            "h": "a: b",
            "i": "#c",
            "j": "null",
        },
        {"a": [], "b": {}, "c": [{"d": [1, "2", {"e": None}]}, "x"], "f": True, "g": 1.5},
        {"text": "one\ntwo\n", "more": "a\n\nb", "odd": " lead\nx", "tail": "x\n\n", "tab": "a\tb\nc"},
        {"häßlich": "Ünïcode ☃", "quote": '"', "back": "\\n", "bell": "\x07"},
    ],
)
def test_yaml_text_is_read_as_what_it_was(value: Any) -> None:
    import yaml

    assert yaml.safe_load(yaml_text(value)) == value


@pytest.mark.parametrize(("text", "name"), [("My_App", "my-app"), ("--x--", "x"), ("", "app"), ("a" * 80, "a" * 63)])
def test_names_as_kubernetes_takes_them(text: str, name: str) -> None:
    assert dns_name(text) == name
