"""What a container may reach: read from labels, and what of an answer is let through."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidRequest
from engine.networks.limits import egress
from engine.networks.names import wire
from engine.networks.names.policy import Policy, addresses_in
from engine.types.containers import ContainerSpec, Security
from engine.types.data import now
from engine.types.networks import Network


def network(**labels: str) -> Network:
    return Network(id="a" * 64, name="shop", driver="bridge", created=now(), labels=labels)


def test_a_list_is_names_and_networks() -> None:
    read = egress.read("Example.org, *.example.net\n10.0.0.0/8 192.0.2.7 2001:db8::/32")
    assert read.names == ("example.org", "*.example.net")
    assert read.networks == ("10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32")
    assert egress.read("none") == egress.Egress()


@pytest.mark.parametrize("text", ["exa mple/1", "http://example.org", "*.*.org", "a..b", "-x.org", "*", "10.0.0.0/99"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        egress.read(text)


def test_a_container_s_own_list_counts_before_its_networks() -> None:
    open_one, closed = network(), network(**{egress.LABEL: "a.org"})
    assert egress.of({}, [open_one]) is None
    assert egress.of({}, [open_one, closed]) == egress.Egress(names=("a.org",))
    assert egress.of({egress.LABEL: "b.org"}, [closed]) == egress.Egress(names=("b.org",))


@pytest.mark.parametrize(
    "spec",
    [
        ContainerSpec(image="x", labels={egress.LABEL: "a.org"}, network="host"),
        ContainerSpec(image="x", labels={egress.LABEL: "a.org"}, network="container:other"),
        ContainerSpec(image="x", labels={egress.LABEL: "a.org"}, security=Security(privileged=True)),
        ContainerSpec(image="x", labels={egress.LABEL: "a.org"}, security=Security(capabilities_add=("net_admin",))),
        ContainerSpec(image="x", labels={egress.LABEL: "a/b"}),
    ],
)
def test_what_could_not_be_held_to_is_refused(spec: ContainerSpec) -> None:
    with pytest.raises(InvalidRequest):
        egress.check(spec)


def test_patterns_are_for_what_is_below() -> None:
    policy = Policy({"names": ["example.org", "*.example.net"], "networks": []})
    assert policy.allows("example.org")
    assert policy.allows("deb.example.net")
    for name in ("www.example.org", "example.net", "notexample.org", "example.org.evil", "xexample.net", ""):
        assert not policy.allows(name), name
    assert not Policy({"names": [], "networks": []}).allows("example.org")


def answer(*records: tuple[int, bytes]) -> bytes:
    head = struct.pack("!5H", 0x8180, 1, len(records), 0, 0)
    asked = wire.encode_name("www.example.org") + struct.pack("!HH", wire.A, wire.IN)
    told = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, wire.IN, 60, len(data)) + data for kind, data in records)
    return head + asked + told


def test_addresses_of_both_kinds_are_found_behind_other_records() -> None:
    told = answer(
        (5, b"\x01a\xc0\x10"), (wire.A, b"\xc0\x00\x02\x01"), (wire.AAAA, bytes(15) + b"\x01"), (wire.A, b"x")
    )
    assert addresses_in(told) == ["192.0.2.1", "::1"]


@given(st.binary(max_size=200))
def test_an_answer_of_a_stranger_is_read_or_is_empty(reply: bytes) -> None:
    assert isinstance(addresses_in(reply), list)
    assert isinstance(addresses_in(answer((wire.A, reply[:4])) + reply), list)
