"""What no container can be: each question has one answer, for the engine and for its API."""

from __future__ import annotations

import pytest

from engine.recipe.checks import capability, extra_host, is_address, is_namespace_mode, shared_with


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
