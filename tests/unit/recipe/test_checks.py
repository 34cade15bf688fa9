"""What no container can be: each question has one answer, for the engine and for its API."""

from __future__ import annotations

from typing import Any

import pytest

from engine.recipe.checks import (
    capability,
    extra_host,
    goes_and_comes_back,
    is_address,
    is_name,
    is_namespace_mode,
    is_place_for_mounts,
    places_twice,
    published_twice,
    shared_with,
)  # fmt: skip
from engine.types.containers import PortMapping


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("net_admin", "CAP_NET_ADMIN"), ("CAP_NET_ADMIN", "CAP_NET_ADMIN"), (" Chown ", "CAP_CHOWN"), ("all", "ALL"),
        ("CAP_ALL", ""), ("FOO", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_capability_has_one_full_name(name: str, full: str) -> None:
    assert capability(name) == full


@pytest.mark.parametrize("kind", ["ipc", "pid", "uts", "cgroup"])
def test_a_namespace_is_ones_own_or_the_hosts(kind: str) -> None:
    assert all(is_namespace_mode(kind, mode) for mode in ("", "private", "host"))
    assert not any(is_namespace_mode(kind, mode) for mode in ("Host", "foo", "container", "service:web"))
    assert is_namespace_mode(kind, "shareable") == (kind == "ipc")


@pytest.mark.parametrize(
    ("kind", "mode", "other"),
    [
        ("pid", "container:web", "web"), ("ipc", "container:web", "web"), ("ipc", "container:", ""),
        ("uts", "container:web", None), ("cgroup", "container:web", None), ("pid", "host", None), ("pid", "", None),
        ("pid", "container", None),
    ],
)  # fmt: skip
def test_two_kinds_of_namespace_can_be_anothers(kind: str, mode: str, other: str | None) -> None:
    assert shared_with(kind, mode) == other
    assert is_namespace_mode(kind, mode) == (other is not None or mode in ("host", ""))


@pytest.mark.parametrize(
    ("entry", "name", "address"),
    [
        ("db:10.0.0.2", "db", "10.0.0.2"), ("db:[fe80::1]", "db", "fe80::1"), ("db:fe80::1", "db", "fe80::1"),
        ("db:host-gateway", "db", "host-gateway"), ("db", "db", ""), (":1.2.3.4", "", "1.2.3.4"),
    ],
)  # fmt: skip
def test_an_extra_host_is_a_name_and_an_address(entry: str, name: str, address: str) -> None:
    assert extra_host(entry) == (name, address)


def test_an_address_is_a_number_of_either_kind() -> None:
    assert is_address("10.0.0.2")
    assert is_address("fe80::1")
    assert not any(is_address(text) for text in ("", "db", "10.0.0", "10.0.0.256", "[::1]"))


@pytest.mark.parametrize("name", ["a", "web", "7", "Shop_web-1.x", "x" * 200])
def test_what_a_container_or_volume_may_be_called(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "-a", ".a", "_a", "a b", "a/b", "ü", "a\n", "x" * 201])
def test_what_it_may_not_be_called(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("target", ["", "data", "./data", "/", "//", "/a/.."])
def test_nothing_is_mounted_at_the_root_or_nowhere(target: str) -> None:
    assert not is_place_for_mounts(target)
    assert is_place_for_mounts("/data/")


def test_a_place_is_the_same_however_it_is_spelt() -> None:
    assert list(places_twice(["/data", "/data/inside", "//data", "/other", "/data/"])) == ["/data", "/data"]


def test_a_port_is_published_twice_only_where_its_number_is_said() -> None:
    def port(host_port: int, **more: Any) -> PortMapping:
        return PortMapping(container_port=80, host_port=host_port, **more)

    apart = [port(8080), port(8080, host_ip="127.0.0.1"), port(8080, protocol="udp"), port(8081)]
    picked = [port(0), port(0), port(9000, host_port_last=9010), port(9000, host_port_last=9010)]
    assert not list(published_twice([*apart, *picked]))
    assert [each.host_port for each in published_twice([*apart, port(8081)])] == [8081]


@pytest.mark.parametrize(("restart", "refused"), [("", False), ("no", False), ("always", True), ("on-failure", True)])
def test_what_goes_at_its_end_is_not_started_again(restart: str, refused: bool) -> None:
    assert goes_and_comes_back(auto_remove=True, restart=restart) == refused
    assert not goes_and_comes_back(auto_remove=False, restart=restart)
