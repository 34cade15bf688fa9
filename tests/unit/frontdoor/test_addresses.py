"""Which names a container has at the door, and which of its ports is meant."""

from __future__ import annotations

import pytest

from engine.frontdoor.addresses import Table, address_of, host_of, hosts_of, port_of
from engine.types.containers import Container, ContainerSpec, PortMapping, State
from engine.types.data import now
from engine.types.frontdoor import DoorSettings

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"


def container(name: str, *, state: State = State.RUNNING, **spec: object) -> Container:
    return Container(
        id=name,
        name=name,
        image_id="",
        image="web",
        spec=ContainerSpec(image="web", **spec),  # type: ignore[arg-type]
        command_line=(),
        state=state,
        created=now(),
    )


@pytest.mark.parametrize(
    ("made", "hosts"),
    [
        (container("web"), ("web.localhost",)),
        (container("Web_1"), ("web-1.localhost", "web_1.localhost")),
        (container("a.b"), ("a.b.localhost",)),
        (
            container("shop-web-1", labels={PROJECT: "shop", SERVICE: "web"}),
            ("web.shop.localhost", "shop-web-1.localhost"),
        ),
        (
            container("shop-web-run-1", labels={PROJECT: "shop", SERVICE: "web", "com.docker.compose.oneoff": "True"}),
            ("shop-web-run-1.localhost",),
        ),
        (container("w" * 64), ()),
    ],
)
def test_names(made: Container, hosts: tuple[str, ...]) -> None:
    assert hosts_of(made) == hosts


@pytest.mark.parametrize(
    ("made", "exposed", "port"),
    [
        (container("a", ports=(PortMapping(container_port=3000),)), ("80/tcp",), 3000),
        (container("a"), ("53/udp", "80/tcp", "443/tcp"), 80),
        (container("a", exposed_ports=("9000-9010/tcp",)), (), 9000),
        (container("a", labels={"wherry.http.port": "8081"}), ("80/tcp",), 8081),
        (container("a", labels={"wherry.http.port": "off"}), ("80/tcp",), 0),
        (container("a", labels={"wherry.http.port": "99999"}), ("80/tcp",), 0),
        (container("a"), (), 0),
        (container("a"), ("5432/tcp",), 0),
        (container("a"), ("5672/tcp", "15672/tcp"), 15672),
        (container("a", labels={"wherry.http.port": "5432"}), (), 5432),
    ],
)
def test_which_port(made: Container, exposed: tuple[str, ...], port: int) -> None:
    assert port_of(made, exposed) == port


@pytest.mark.parametrize(
    ("field", "host"),
    [
        ("web.shop.localhost:8088", "web.shop.localhost"),
        ("WEB.Localhost", "web.localhost"),
        ("web.localhost.", "web.localhost"),
        ("localhost", "localhost"),
        ("localhost.example", ""),
        ("xlocalhost", ""),
        ("web.localhost:80:80", ""),
        ("127.0.0.1", ""),
    ],
)
def test_hosts_of_requests(field: str, host: str) -> None:
    assert host_of(field) == host


def test_copies_of_a_service_take_turns_and_stopped_ones_are_passed_over() -> None:
    labels = {PROJECT: "shop", SERVICE: "web", "wherry.http.port": "80"}
    copies = [
        container("shop-web-1", labels=labels),
        container("shop-web-2", labels=labels, state=State.EXITED),
        container("shop-web-3", labels=labels),
    ]
    table = Table.of(copies, lambda _: (), DoorSettings())
    asked = [table.find("web.shop.localhost") for _ in range(4)]
    assert sorted(each.name for each in asked if each is not None) == ["shop-web-1"] * 2 + ["shop-web-3"] * 2
    stopped = table.find("shop-web-2.localhost")
    assert stopped is not None
    assert not stopped.runs


def test_addresses_to_show() -> None:
    made = container("web", labels={"wherry.http.protocol": "h2c"})
    shown = address_of(made, ("50051/tcp",), DoorSettings(port=8088, tls=True))
    assert shown is not None
    assert (shown.url, shown.port, shown.protocol) == ("https://web.localhost:8088/", 50051, "h2c")
    usual = address_of(made, ("80/tcp",), DoorSettings(port=80))
    assert usual is not None
    assert usual.url == "http://web.localhost/"
