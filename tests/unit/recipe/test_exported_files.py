"""Recipes in the forms of others, to the letter: the files beside this one are what a person gets.

After a change that is meant: `python -m tests.unit.recipe.test_exported_files`, and read the difference.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.recipe.exports import forms
from engine.recipe.exports.forms import FORMS, export_files
from engine.recipe.exports.kubernetes import (
    Files,
    Part,
    PodWriter,
    dns_name,
    documents_text,
    memory_words,
    service,
    workload,
)
from engine.recipe.line import read_line
from engine.recipe.words.here import this_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.recipe.exports.forms import Form

EXPECTED = Path(__file__).with_name("exported")
ANONYMOUS = "0123456789abcdef" * 4
LINES = {
    "web": (
        "-p 127.0.0.1:8080:80 -p 53:53/udp --expose 9000-9001 --expose 80 --expose 514/udp -e A=b -e 'C=$(X) $Y' "
        "-l team=shop -l 'note=two words' -l com.docker.compose.project=p -v data:/data -v /srv:/srv:ro "
        "--mount type=volume,src=data,dst=/part,volume-subpath=a/b --tmpfs /run:size=1m --tmpfs /scratch "
        "--hostname web.example --workdir /app --user 1000:50 --entrypoint /bin/tini --group-add 44 --group-add disk "
        "--memory 96m --memory-reservation 1g --cpus 0.5 --cpu-shares 512 --pids-limit 100 --shm-size 64m "
        "--cap-add NET_ADMIN --cap-drop ALL --read-only --security-opt no-new-privileges --init -t -i "
        "--restart on-failure:3 --stop-timeout 3 --stop-signal INT --network town --network-alias a "
        "--dns 9.9.9.9 --dns-search example.org --dns-option ndots:2 --dns-option rotate "
        "--add-host db:10.0.0.2 --add-host cache:10.0.0.2 --sysctl net.ipv4.ip_forward=1 --ulimit nofile=10:20 "
        "--health-cmd 'curl -f localhost' --health-interval 5s --health-timeout 2s --health-retries 4 "
        "--health-start-period 7s --log-opt max-size=1m --device /dev/fuse "
        "nginx:1.27 -g 'daemon off;'"
    ),
    "bare": "busybox",
    "loud": (
        "--privileged --network host --pid host --ipc host --userns host --restart always --no-healthcheck "
        "--security-opt seccomp=unconfined --security-opt systempaths=unconfined -v /:/host "
        f"-v {ANONYMOUS}:/kept -v /nameless --user root --stop-timeout 0 alpine:3 sh -c 'echo $HOME 100%'"
    ),
}


def recipe(line: str) -> dict[str, Any]:
    read = read_line(f"docker run {line}", this_place())
    return dict(read.recipe)


def form_of(form: Form, *names: str) -> Callable[[], dict[str, str]]:
    return lambda: export_files([(name, recipe(LINES[name])) for name in names], form)


def in_a_pod() -> dict[str, str]:
    shared: dict[str, Any] = {
        "ports": recipe("-p 80:80 x")["ports"], "dns": ["9.9.9.9"], "dns_search": ["a.b"], "dns_options": ["rotate"],
        "extra_hosts": ["db:10.0.0.2"], "network_aliases": ["w"], "network": "town",
    }  # fmt: skip
    return export_files([("app", {**recipe("busybox"), "network": "pod:shop"})], "quadlet", {"shop": shared})


CASES: dict[str, Callable[[], dict[str, str]]] = {
    **{f"{form}-{name}": form_of(form, name) for form in FORMS for name in LINES},
    **{f"{form}-two": form_of(form, "web", "bare") for form in FORMS},
    "kubernetes-deployment": lambda: {"manifest.yaml": deployment()},
    "quadlet-pod": in_a_pod,
    "quadlet-pod-of-host": lambda: export_files(
        [("app", {**recipe("busybox"), "network": "pod:shop"})], "quadlet", {"shop": {"network": "host"}}
    ),
}
"""Made in the test, not when the tests are collected: a fault is then the fault of one."""


def deployment() -> str:
    """A pod of several: who comes first, whose files are whose."""
    writer = PodWriter(
        empty=frozenset({"room"}),
        files={"settings": Files("configMap", "app-settings"), "key": Files("secret", "app-key")},
    )
    first = recipe("--tty -v settings:/etc/app:ro -v key:/key --mount type=image,src=busybox,dst=/tools alpine true")
    main = recipe("-p 80:80 -v room:/room -p 90:90/udp --stop-timeout 4 nginx")
    side = recipe("busybox")
    parts = [Part("first", first, init=True), Part("side", side, init=True, sidecar=True), Part("main", main)]
    shared = {"ports": [{"container_port": 443, "host_ip": "10.0.0.1"}], "network": "none", "hostname": "shop"}
    spec = writer.spec(parts, shared)
    whole = workload("shop", spec, {"tier": "front", "io.wherry.x": "1", "note": "a b"}, kind="deployment", replicas=3)
    made = service("shop-http", spec, app="shop")
    assert made is not None
    assert not writer.claims
    return documents_text([whole, made], writer.remarks)


def text_of(files: dict[str, str]) -> str:
    return "".join(f"==== {name}\n{text}" for name, text in sorted(files.items()))


@pytest.mark.parametrize("called", CASES)
def test_an_export_is_what_it_was(called: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms.shutil, "which", lambda _name: "/usr/bin/wherry")
    assert text_of(CASES[called]()) == (EXPECTED / f"{called}.txt").read_text()


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (["WHERRY-HTTP", "http://127.0.0.1:80/ok"], {"httpGet": {"path": "/ok", "port": 80}}),
        (
            ["WHERRY-HTTP", "https://db:8443", "Host: a", "X: b: c"],
            {"httpGet": {"path": "", "port": 8443, "host": "db", "scheme": "HTTPS",
                         "httpHeaders": [{"name": "Host", "value": "a"}, {"name": "X", "value": "b: c"}]}},
        ),
        (["WHERRY-TCP", "127.0.0.1:5432"], {"tcpSocket": {"port": 5432}}),
        (["WHERRY-TCP", "db:5432"], {"tcpSocket": {"port": 5432, "host": "db"}}),
        (["CMD", "pg_isready", "-q"], {"exec": {"command": ["pg_isready", "-q"]}}),
        (["CMD-SHELL", "true || exit 1"], {"exec": {"command": ["/bin/sh", "-c", "true || exit 1"]}}),
    ],
)  # fmt: skip
def test_a_health_check_becomes_a_probe(test: list[str], told: dict[str, Any]) -> None:
    bare = {"image": "x", "health": {"test": test}}
    usual = {"periodSeconds": 30, "timeoutSeconds": 30, "failureThreshold": 3}
    (container,) = PodWriter().spec([Part("x", bare)])["containers"]
    assert container["readinessProbe"] == told | usual
    living = {**bare, "labels": {"io.wherry.kube.liveness": "1"}}
    living["health"] = {"test": test, "interval": 0.2, "timeout": 5, "retries": 9, "start_period": 12.4}
    (container,) = PodWriter().spec([Part("x", living)])["containers"]
    assert container["livenessProbe"] == told | {
        "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 9, "initialDelaySeconds": 12,
    }  # fmt: skip
    assert "readinessProbe" not in container


def test_a_check_by_http_or_a_port_is_said_to_podman_in_a_program_it_has() -> None:
    def unit(test: list[str]) -> str:
        return export_files([("x", {"image": "x", "health": {"test": test}})], "quadlet")["x.container"]

    assert "\nHealthCmd=curl -fsS http://127.0.0.1/ok\n" in unit(["WHERRY-HTTP", "http://127.0.0.1/ok"])
    assert "\nHealthCmd=nc -z db 5432\n" in unit(["WHERRY-TCP", "db:5432"])
    assert "\nHealthCmd=none\n" in unit(["NONE"])


def test_a_port_of_a_pod_is_told_once_in_the_container_that_speaks_of_it() -> None:
    parts = [Part("first", recipe("--expose 90 a")), Part("web", recipe("--expose 80 --expose 53/udp b"))]
    ports = [
        {"container_port": 80, "host_port": 8080},
        {"container_port": 53, "host_port": 53, "protocol": "tcp"},
        {"container_port": 53, "host_port": 54, "protocol": "udp"},
    ]
    first, web = PodWriter().spec(parts, {"ports": ports})["containers"]
    assert first["ports"] == [{"containerPort": 90}, {"containerPort": 53, "hostPort": 53}]
    assert web["ports"] == [
        {"containerPort": 80, "hostPort": 8080},
        {"containerPort": 53, "hostPort": 54, "protocol": "UDP"},
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (1000, "1000"), (1536, "1536"), (2048, "2Ki"), (3 << 20, "3Mi"), (5 << 30, "5Gi"), (7 << 40, "7Ti")],
)
def test_an_amount_of_memory_in_the_largest_unit_that_says_it_exactly(number: int, words: str) -> None:
    assert memory_words(number) == words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Web_1", "web-1"),
        ("--", "app"),
        ("a" * 70, "a" * 63),
        ("a" * 62 + "--b", "a" * 62),
        ("/srv/My Data/", "srv-my-data"),
    ],
)
def test_names_as_kubernetes_takes_them(text: str, name: str) -> None:
    assert dns_name(text) == name


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forms.shutil, "which", lambda _name: "/usr/bin/wherry")
        for called, make in CASES.items():
            (EXPECTED / f"{called}.txt").write_text(text_of(make()))
