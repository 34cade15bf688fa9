"""The request and the image, merged as `docker run` does; users, names, and the files written for a container."""

from __future__ import annotations

import pytest

from engine.containers.known.names import check_name, invent_name, new_id
from engine.containers.spec import etc_files, image_config
from engine.containers.spec.users import find_user, user_names
from engine.errors import Code, InvalidRequest
from engine.types.containers import ContainerSpec, HealthCheck, PortMapping
from engine.types.images import ImageConfig

PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n# a remark\nbroken\nbad:x:y:z::/:/\n"
GROUP = "root:x:0:\nweb:x:1000:\nstaff:x:50:web,other\nbroken\n"


@pytest.mark.parametrize(
    ("entrypoint", "command", "expected"),
    [
        (None, None, ("entry", "arg")),
        (None, ("x",), ("entry", "x")),
        (("new",), None, ("new",)),
        (("new",), ("x",), ("new", "x")),
        (("",), ("x",), ("x",)),
        (None, (), ("entry",)),
    ],
)
def test_entrypoint_and_command(
    entrypoint: tuple[str, ...] | None, command: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    image = ImageConfig(entrypoint=("entry",), command=("arg",))
    spec = ContainerSpec(image="i", entrypoint=entrypoint, command=command)
    assert image_config.command_line(spec, image) == expected


def test_no_command_at_all() -> None:
    with pytest.raises(InvalidRequest):
        image_config.command_line(ContainerSpec(image="i"), ImageConfig())


def test_environment_later_ones_win() -> None:
    image = ImageConfig(env=("PATH=/image", "A=1", "B=2", "rubbish"))
    spec = ContainerSpec(image="i", env={"B": "3", "EMPTY": ""}, tty=True)
    env = image_config.environment(spec, image, hostname="h", home="/home/web")
    assert env == {
        "PATH": "/image", "HOSTNAME": "h", "TERM": "xterm", "A": "1", "B": "3", "EMPTY": "", "HOME": "/home/web",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signal", "expected"), [("SIGTERM", "TERM"), ("term", "TERM"), ("15", "15"), ("SIGRTMIN+3", "RTMIN+3")]
)
def test_signals(signal: str, expected: str) -> None:
    assert image_config.normal_signal(signal) == expected


@pytest.mark.parametrize("signal", ["", "SIG", "kill me", "a/b", "NOPE", "0", "-9", "65", "RTMIN+31"])
def test_no_signals(signal: str) -> None:
    with pytest.raises(InvalidRequest):
        image_config.normal_signal(signal)


def test_publish_all_covers_what_is_exposed() -> None:
    image = ImageConfig(exposed_ports=("80/tcp", "53/udp", "9000-9001", "bad"))
    spec = ContainerSpec(image="i", ports=(PortMapping(container_port=80, host_port=1),))
    assert image_config.missing_publications(spec, image) == ((53, "udp"), (9000, "tcp"), (9001, "tcp"))


def test_health_checks_merge() -> None:
    image = ImageConfig(health=HealthCheck(test=("CMD", "true"), interval=5, retries=2))
    assert image_config.health_check(ContainerSpec(image="i"), image) == image.health
    merged = image_config.health_check(ContainerSpec(image="i", health=HealthCheck(interval=1)), image)
    assert merged == HealthCheck(test=("CMD", "true"), interval=1, retries=2)
    off = ContainerSpec(image="i", health=HealthCheck(test=("NONE",)))
    assert image_config.health_check(off, image) is None


@pytest.mark.parametrize(
    ("wanted", "uid", "gid", "groups", "home"),
    [
        ("", 0, 0, (), "/root"),
        ("web", 1000, 1000, (50,), "/home/web"),
        ("1000", 1000, 1000, (50,), "/home/web"),
        ("web:staff", 1000, 50, (), "/home/web"),
        ("web:7", 1000, 7, (), "/home/web"),
        ("4242", 4242, 0, (), "/"),
        ("4242:99", 4242, 99, (), "/"),
        ("root", 0, 0, (), "/root"),
    ],
)
def test_users(wanted: str, uid: int, gid: int, groups: tuple[int, ...], home: str) -> None:
    user = find_user(wanted, PASSWD, GROUP)
    assert (user.uid, user.gid, user.groups, user.home) == (uid, gid, groups, home)


def test_an_image_without_accounts_still_has_root() -> None:
    assert find_user("", "", "").home == "/root"
    assert find_user("root", "", "").uid == 0


@pytest.mark.parametrize("wanted", ["nobody", "web:nobody", "-1", "99999999999", "٣"])
def test_unknown_users_name_the_known(wanted: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        find_user(wanted, PASSWD, GROUP)
    assert refused.value.code is Code.BAD_USER
    assert "web" in refused.value.explanation


def test_names_by_uid() -> None:
    assert user_names(PASSWD) == {0: "root", 1000: "web"}


def test_names_are_invented_until_one_is_free() -> None:
    class Full:
        def __contains__(self, name: object) -> bool:
            return not str(name).startswith("container-")

    assert invent_name(Full()).startswith("container-")
    assert check_name(invent_name(set()))
    assert check_name("/web_1.x-y") == "web_1.x-y"
    assert len({new_id() for _ in range(50)}) == 50


@pytest.mark.parametrize("name", ["", "/", "-x", "a b", "a/b", "ü", "x" * 201])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_name(name)


def test_hosts() -> None:
    text = etc_files.hosts(
        "box", ("10.0.0.5", "fd00::5"), aliases=("web", "box"),
        extra=("db:192.168.1.5", "me:host-gateway", "six:[::1]"),
        host_gateway="10.0.0.1", neighbours=[("10.0.0.6", ("other", "o"))],
    )  # fmt: skip
    lines = text.splitlines()
    assert "10.0.0.5\tbox web" in lines
    assert "fd00::5\tbox web" in lines
    assert "192.168.1.5\tdb" in lines
    assert "10.0.0.1\tme" in lines
    assert "::1\tsix" in lines
    assert "10.0.0.6\tother o" in lines


def test_extra_hosts_must_have_addresses() -> None:
    with pytest.raises(InvalidRequest):
        etc_files.check_extra_hosts(("db",))
    with pytest.raises(InvalidRequest):
        etc_files.check_extra_hosts(("db:somewhere",))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nameserver 192.168.1.1\nsearch lan\n", "nameserver 192.168.1.1\nsearch lan\n"),
        ("nameserver 127.0.0.53\noptions edns0\n", "nameserver 169.254.1.1\noptions edns0\n"),
        ("nameserver 127.0.0.53\nnameserver 9.9.9.9\n", "nameserver 169.254.1.1\nnameserver 9.9.9.9\n"),
        ("# nothing\n", "nameserver 169.254.1.1\n"),
    ],
)
def test_a_resolver_on_the_hosts_loopback_is_reached_another_way(host: str, expected: str) -> None:
    assert etc_files.resolv_conf(host) == expected


def test_what_was_asked_for_wins() -> None:
    text = etc_files.resolv_conf("nameserver 1.1.1.1\n", dns=("9.9.9.9",), search=("a", "b"), options=("ndots:2",))
    assert text == "nameserver 9.9.9.9\nsearch a b\noptions ndots:2\n"
    assert etc_files.resolv_conf("nameserver 127.0.0.53\n", forwarded=False) == "nameserver 127.0.0.53\n"
