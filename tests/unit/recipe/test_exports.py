"""Recipes in the forms of others: each as its reader takes it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from engine.recipe.crossing import recipe_of
from engine.recipe.exports.forms import FORMS, export_files, with_names
from engine.recipe.exports.units import quoted
from engine.recipe.line import read_line
from engine.recipe.words.here import this_place
from engine.types.containers import (
    ContainerSpec,
    HealthCheck,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    Ulimit,
)  # fmt: skip

FULL = ContainerSpec(
    image="docker.io/library/busybox:latest",
    command=("sh", "-c", 'echo $HOME 100% "x"'),
    env={"A": "b c", "P": "5%", "D": "$X"},
    labels={"x": "y z"},
    ports=(PortMapping(container_port=80, host_port=8080), PortMapping(container_port=53, protocol="udp")),
    mounts=(
        Mount(kind="volume", source="data", target="/data"),
        Mount(kind="bind", source="/srv", target="/srv", read_only=True),
        Mount(kind="tmpfs", target="/tmp", tmpfs_size=1 << 20),
    ),
    resources=Resources(memory=64 << 20, cpus=0.5, pids=100),
    security=Security(no_new_privileges=True, capabilities_drop=("ALL",), read_only_root=True),
    restart=RestartPolicy(name="on-failure", maximum_retries=3),
    user="1000:50",
    network="town",
    network_aliases=("a",),
    dns=("9.9.9.9",),
    ulimits=(Ulimit(name="nofile", soft=10, hard=20),),
    health=HealthCheck(test=("CMD-SHELL", "true || exit 1"), interval=5),
    stop_timeout=3,
    sysctls={"net.ipv4.ip_forward": "1"},
    tty=True,
    init=True,
)


def files(form: str, spec: ContainerSpec = FULL, name: str = "web") -> dict[str, str]:
    return export_files([(name, recipe_of(spec))], form)  # type: ignore[arg-type]


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_a_quadlet_says_what_it_has_a_key_for_and_hands_on_the_rest() -> None:
    found = files("quadlet")
    assert set(found) == {"web.container", "data.volume", "town.network"}
    text = lines(found["web.container"])
    for line in (
        "ContainerName=web", "Image=docker.io/library/busybox:latest", 'Exec=sh -c "echo $$HOME 100%% \\"x\\""',
        "Network=town.network", "Volume=data.volume:/data", "PublishPort=8080:80", "PublishPort=53/udp",
        'Environment="A=b c"', "Environment=P=5%%", 'Label="x=y z"', "User=1000", "Group=50", "DropCapability=ALL",
        "ReadOnly=true", "NoNewPrivileges=true", "RunInit=true", "Ulimit=nofile=10:20", "StopTimeout=3",
        "HealthCmd=true || exit 1", "HealthInterval=5s", "PodmanArgs=--memory=64m", "PodmanArgs=--cpus=0.5",
        "PodmanArgs=--tty", "Restart=on-failure", "WantedBy=default.target",
    ):  # fmt: skip
        assert line in text, line
    assert "NetworkName=town" in found["town.network"]


def test_a_systemd_unit_runs_the_same_line() -> None:
    (text,) = files("systemd").values()
    start = next(line for line in lines(text) if line.startswith("ExecStart="))
    words = shlex.split(start.replace("%%", "%").replace("$$", "$").partition("=")[2])
    assert words[1:3] == ["run", "--rm"]
    line = read_line("docker run " + shlex.join(words[3:]), this_place())
    wanted = {**recipe_of(FULL), "restart": {"name": "no", "maximum_retries": 0}}
    assert {key: line.recipe.get(key) for key in ("command", "env", "ports", "mounts", "network")} == {
        key: wanted[key] for key in ("command", "env", "ports", "mounts", "network")
    }
    assert "Restart=on-failure" in lines(text)


@pytest.mark.parametrize(
    ("word", "written"),
    [("plain", "plain"), ("a b", '"a b"'), ("", '""'), ('say "x"', '"say \\"x\\""'), ("5%", "5%%"), ("a\nb", '"a\\nb"'),
     ("#no", '"#no"'), ("back\\slash", '"back\\\\slash"')],
)  # fmt: skip
def test_words_of_units(word: str, written: str) -> None:
    assert quoted(word) == written


def test_several_containers_are_one_export() -> None:
    parts = [("web", recipe_of(FULL)), ("db", recipe_of(replace(FULL, network="pasta", ports=())))]
    composed = yaml.safe_load(export_files(parts, "compose")["compose.yaml"])
    assert set(composed["services"]) == {"web", "db"}
    manifests = list(yaml.safe_load_all(export_files(parts, "kubernetes")["manifest.yaml"]))
    assert [each["metadata"]["name"] for each in manifests if each["kind"] == "Pod"] == ["web", "db"]
    assert {"web.container", "db.container"} <= set(export_files(parts, "quadlet"))
    assert export_files(parts, "run")["run.sh"].count("docker run -d") == 2


def test_a_pod_has_a_quadlet_of_its_own() -> None:
    pods: dict[str, Any] = {"shop": {"ports": recipe_of(FULL)["ports"], "network": "pasta", "dns": ["9.9.9.9"]}}
    found = export_files([("web", recipe_of(replace(FULL, network="pod:shop", ports=())))], "quadlet", pods)
    assert "Pod=shop.pod" in lines(found["web.container"])
    assert {"PodName=shop", "PublishPort=8080:80", "DNS=9.9.9.9"} <= set(lines(found["shop.pod"]))


@pytest.mark.parametrize("form", FORMS)
def test_a_bare_recipe_and_a_hostile_one_are_written_too(form: str) -> None:
    assert files(form, ContainerSpec(image="busybox"), "")
    spec = ContainerSpec(image="busybox", env={"X": "a\nExecStart=/bin/rm -rf /\n[Service]"}, labels={"a": "b\nc"})
    for name, text in files(form, spec).items():
        if name.endswith((".container", ".service")):
            assert not [line for line in lines(text) if line.startswith(("ExecStart=/bin", "[Service]\n"))]
            assert lines(text).count("[Service]") == 1


def test_containers_that_live_in_each_other_name_each_other() -> None:
    names = {"a" * 64: "gate", "b" * 64: "load"}
    bare = recipe_of(ContainerSpec(image="busybox"))
    beside = {
        "network": f"container:{'a' * 64}",
        "pid_mode": f"container:{'c' * 64}",
        "volumes_from": [f"{'b' * 64}:ro", "x"],
    }
    parts = [("gate", bare), ("load", bare), ("beside", with_names({**bare, **beside}, names))]
    made = yaml.safe_load(export_files(parts, "compose")["compose.yaml"])["services"]["beside"]
    assert made["network_mode"] == "service:gate"
    assert made["pid"] == f"container:{'c' * 64}"
    assert made["volumes_from"] == ["load:ro", "container:x"]
    assert "--network container:gate" in export_files(parts[2:], "run")["run.sh"]
