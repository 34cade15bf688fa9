"""Which resolver a container asks, and when pasta is told to forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.networks.host.resolvers import needs_forwarder
from engine.processes.pasta import PastaCall, has_no_way_out, may_not_open_tun


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nameserver 192.168.1.1\nsearch lan\n", False),
        ("nameserver 192.168.1.1\nnameserver fe80::1%eth0\n", False),
        ("nameserver 127.0.0.53\n", True),
        ("nameserver 9.9.9.9\nnameserver ::1\n", True),
        ("# nothing\n", True),
        ("", True),
    ],
)
def test_a_forwarder_is_for_resolvers_on_the_hosts_loopback_alone(host: str, expected: bool) -> None:
    assert needs_forwarder(host) is expected


def test_pasta_forwards_only_what_it_was_told() -> None:
    call = PastaCall(program="pasta", netns=Path("/n"))
    assert "--dns-forward" not in call.argv()


def test_why_an_older_pasta_gives_up_is_understood() -> None:
    assert has_no_way_out("No external routable interface for IPv4\nExternal interface not usable")
    assert may_not_open_tun("Failed to open tun socket in namespace")
    assert may_not_open_tun("Failed to open() /dev/net/tun: Permission denied")
    assert not may_not_open_tun("Failed to bind port 8080 (Address already in use), exiting")
