"""`docker run` lines are read and written without loss, and what cannot be read is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe.faults import Unreadable
from engine.recipe.kinds.ports import publish_words, read_publish
from engine.types.containers import (
    ContainerSpec,
    Device,
    HealthCheck,
    IoLimit,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    Ulimit,
)
from gui.presentation.containers.run_line import docker_run_line, looks_like_run_line, parse_run_line

FULL = ContainerSpec(
    image="nginx:1.27",
    command=("nginx", "-g", "daemon off;"),
    env={"A": "1", "EMPTY": "", "SPACED": "a b 'c'"},
    labels={"com.example.team": "web"},
    workdir="/srv",
    user="1000:1000",
    extra_groups=("video",),
    hostname="web",
    domainname="example.org",
    tty=True,
    stdin_open=True,
    init=True,
    ports=(
        PortMapping(container_port=80, host_port=8080),
        PortMapping(container_port=53, host_port=53, protocol="udp", host_ip="127.0.0.1"),
        PortMapping(container_port=443, host_ip="::1"),
        PortMapping(container_port=9000),
    ),
    exposed_ports=("9001/tcp",),
    mounts=(
        Mount(kind="bind", source="/data", target="/data", read_only=True, create_source=True),
        Mount(kind="volume", source="cache", target="/cache"),
        Mount(kind="volume", target="/anonymous"),
        Mount(kind="volume", source="quick", target="/quick", volume_options={"type": "tmpfs", "device": "tmpfs"}),
        Mount(kind="image", source="other:1", target="/other"),
        Mount(kind="tmpfs", target="/tmp", tmpfs_size=64 << 20, tmpfs_options=("uid=7", "exec")),
    ),
    links=("db:store",),
    engine_socket=True,
    cgroup_parent="/docker/x",
    device_rules=("c 189:* rwm",),
    volumes_from=("other",),
    shm_size=128 << 20,
    ulimits=(Ulimit(name="nofile", soft=1024, hard=4096),),
    sysctls={"net.core.somaxconn": "1024"},
    devices=(
        Device(host_path="/dev/fuse", container_path="/dev/fuse"),
        Device(host_path="nvidia.com/gpu=all", container_path=""),
    ),
    resources=Resources(
        memory=256 << 20,
        memory_reservation=128 << 20,
        memory_swap=-1,
        cpus=1.5,
        cpu_shares=512,
        cpuset_cpus="0-1",
        pids=100,
        io_weight=300,
        oom_score_adj=200,
        swappiness=10,
        oom_kill_disable=True,
        io=(IoLimit(device="/dev/sda", kind="read-bps", rate=1 << 20),),
    ),
    security=Security(
        read_only_root=True,
        capabilities_add=("NET_ADMIN",),
        capabilities_drop=("ALL",),
        no_new_privileges=True,
        seccomp="unconfined",
        user_namespace="keep-id",
    ),
    restart=RestartPolicy(name="on-failure", maximum_retries=3),
    stop_signal="SIGQUIT",
    stop_timeout=30.0,
    health=HealthCheck(test=("CMD-SHELL", "curl -f http://localhost/ || exit 1"), interval=10.0, retries=2),
    network="none",
    network_aliases=("www",),
    dns=("9.9.9.9",),
    extra_hosts=("db:10.0.0.2",),
    log=LogLimits(max_bytes=10 << 20, max_files=3, driver="local", options={"compress": "false"}),
    platform="linux/arm64",
)


def test_a_full_recipe_survives_the_round_trip() -> None:
    line = parse_run_line(docker_run_line(FULL, "web"))
    assert line.name == "web"
    assert line.ignored == ()
    assert line.spec == FULL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker run nginx", ContainerSpec(image="nginx")),
        (
            "podman run -it --rm alpine sh",
            ContainerSpec(image="alpine", tty=True, stdin_open=True, auto_remove=True, command=("sh",)),
        ),
        (
            "sudo docker container run -dp 80:80 nginx",
            ContainerSpec(image="nginx", ports=(PortMapping(container_port=80, host_port=80),)),
        ),
        (
            "docker run -p8080-8081:80-81 x",
            ContainerSpec(
                image="x",
                ports=(PortMapping(container_port=80, host_port=8080), PortMapping(container_port=81, host_port=8081)),
            ),
        ),
        ("docker run --memory=1g --cpus .5 x", ContainerSpec(image="x", resources=Resources(memory=1 << 30, cpus=0.5))),
        (
            "docker run \\\n  -e A=b=c \\\n  x -e not-an-option",
            ContainerSpec(image="x", env={"A": "b=c"}, command=("-e", "not-an-option")),
        ),
        (
            "docker run --mount type=bind,src=/a,dst=/b,readonly x",
            ContainerSpec(image="x", mounts=(Mount(kind="bind", source="/a", target="/b", read_only=True),)),
        ),
        ("docker run --privileged=false x", ContainerSpec(image="x", security=Security(privileged=False))),
        ("$ docker run --network bridge x", ContainerSpec(image="x")),
    ],
)
def test_lines_people_write(text: str, expected: ContainerSpec) -> None:
    assert parse_run_line(text).spec == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("docker run", "no image"),
        ("docker run --no-such-thing x", "--no-such-thing"),
        ("docker run -p 99999:80 x", "65535"),
        ("docker run -p 1-3:80-81 x", "differ"),
        ("docker run -e 'A x", "quote"),
        ("docker run --memory lots x", "lots"),
        ("docker run -v a:b x", "absolute"),
        ("docker run --name", "needs an argument"),
        ("docker run --restart sometimes x", "sometimes"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        parse_run_line(text)


def test_options_without_effect_here_are_told() -> None:
    line = parse_run_line("docker run --storage-opt size=1g --log-driver syslog nginx")
    assert set(line.ignored) == {"--storage-opt size=1g", "--log-driver syslog"}


def test_what_looks_like_a_line() -> None:
    assert looks_like_run_line("  docker run nginx")
    assert looks_like_run_line("sudo podman container create x")
    assert not looks_like_run_line("nginx:1.27")
    assert not looks_like_run_line("docker pull nginx")


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_]{1,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n`\\"), max_size=20),
        max_size=4,
    ),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n`\\"), min_size=1, max_size=12), max_size=4),
)
def test_any_environment_and_command_survive(env: dict[str, str], command: list[str]) -> None:
    spec = ContainerSpec(image="x", env=env, command=tuple(command) or None)
    assert parse_run_line(docker_run_line(spec)).spec == spec


def test_a_host_range_for_one_port_of_the_container_comes_back_as_it_was_written() -> None:
    for text in ("8000-8010:80", "127.0.0.1:8000-8010:53/udp"):
        (port,) = read_publish(text)
        assert (port["host_port"], port["host_port_last"]) == (8000, 8010)
        assert publish_words(port) == text


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("--gpus all", ["nvidia.com/gpu=all"]),
        ("--gpus=2", ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]),
        ("--gpus device=1", ["nvidia.com/gpu=1"]),
        ("--gpus '\"device=0,GPU-3a2\"'", ["nvidia.com/gpu=0", "nvidia.com/gpu=GPU-3a2"]),
        ("--gpus 'all,capabilities=utility'", ["nvidia.com/gpu=all"]),
        ("--gpus 'count=all,\"capabilities=compute,utility\"'", ["nvidia.com/gpu=all"]),
        ("--gpus driver=amd,count=1", ["amd.com/gpu=0"]),
        ("--device vendor.example/net=a --device /dev/fuse", ["vendor.example/net=a", "/dev/fuse"]),
    ],
)
def test_graphics_cards_and_devices_by_their_makers_names(words: str, names: list[str]) -> None:
    assert [device.host_path for device in parse_run_line(f"docker run {words} img").spec.devices] == names


def test_port_0_of_the_host_is_any_that_is_free() -> None:
    assert read_publish("0:80") == read_publish("80")
    assert read_publish("127.0.0.1:0:53/udp") == read_publish("127.0.0.1::53/udp")
