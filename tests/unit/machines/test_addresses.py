"""Addresses of engines, as people write them and as they are kept."""

from __future__ import annotations

import pytest

from engine.machines.address import BadAddress, parse


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("unix:///run/docker.sock", "unix:///run/docker.sock"),
        ("/run/docker.sock", "unix:///run/docker.sock"),
        ("ssh://me@server.example:2222", "ssh://me@server.example:2222"),
        ("ssh://server/run/user/1000/podman/podman.sock", "ssh://server/run/user/1000/podman/podman.sock"),
        ("ssh://me@server/", "ssh://me@server"),
        ("me@server", "ssh://me@server"),
        ("server:2222", "ssh://server:2222"),
        ("[fe80::1]:22", "ssh://[fe80::1]:22"),
        ("fe80::1", "ssh://[fe80::1]"),
        ("tcp://10.0.0.5", "tcp://10.0.0.5:2375"),
        ("https://10.0.0.5:4000", "tcp://10.0.0.5:4000"),
    ],
)
def test_what_people_write_is_understood(written: str, kept: str) -> None:
    assert str(parse(written)) == kept
    assert parse(kept) == parse(written)


def test_tls_has_a_port_of_its_own() -> None:
    assert str(parse("tcp://host", tls=True)) == "tcp://host:2376"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ssh://",
        "ssh://-oProxyCommand=touch",
        "ssh://-me@host",
        "ssh://me:secret@host",
        "ssh://host;reboot",
        "ssh://$(reboot)",
        "ssh://host:99999",
        "ssh://host:x",
        "ssh://[::1",
        "npipe:////./pipe/docker_engine",
        "fd://",
        "tcp://me@host",
        "tcp://host/path",
        "unix://relative",
        "a host",
        "host\nname",
        "x" * 5000,
    ],
)
def test_nothing_else_becomes_an_option_or_a_word_of_a_shell(written: str) -> None:
    with pytest.raises(BadAddress):
        parse(written)
