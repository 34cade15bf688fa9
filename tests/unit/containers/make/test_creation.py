"""What is asked for becomes a container, or is refused with the reason and what to do: before anything is made."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.make.creation import check_mount, check_targets, make_source, settled_spec
from engine.containers.make.notes import closed_binds, notes
from engine.errors import Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.types.containers import (
    ContainerSpec,
    CreateContainer,
    Device,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    State,
    Ulimit,
)
from engine.types.images import ImageConfig
from tests.support.played_engine import IMAGE, create, load, start

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

RICH = "localhost/rich:latest"
OWN_NETWORK = "The container has no network of its own."


async def refusals(engine: EmbeddedEngine, asked: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What is said of each; nothing is left of any."""
    before = len(await engine.containers.list())
    said = {}
    for name, options in asked.items():
        with pytest.raises(WherryError) as caught:
            await create(engine, **options)
        said[name] = str(caught.value)
    assert len(await engine.containers.list()) == before
    assert len(await engine.volumes.list()) == 0
    return said


async def test_what_no_start_could_make_true_is_refused(played_engine: EmbeddedEngine) -> None:
    ports = (PortMapping(container_port=80, host_port=8080),)
    asked = await refusals(
        played_engine,
        {
            "memory": {"resources": Resources(memory=5)},
            "capability": {"security": Security(capabilities_add=("FLY",))},
            "ulimit": {"ulimits": (Ulimit(name="nothing", soft=0, hard=0),)},
            "port": {"network": "pasta", "ports": (PortMapping(container_port=0),)},
            "sysctl": {"sysctls": {"vm.swappiness": "1"}},
            "sysctl of the host's network": {"network": "host", "sysctls": {"net.x": "1"}},
            "sysctl of the host's ipc": {"ipc_mode": "host", "sysctls": {"kernel.shmmax": "1"}},
            "extra host": {"extra_hosts": ("db",)},
            "signal": {"stop_signal": "NOPE"},
            "socket": {"mounts": (Mount(kind="bind", source="/var/run/docker.sock", target="/s"),)},
            "cdi": {"devices": (Device(host_path="no.such/maker=x", container_path=""),)},
            "twice": {"mounts": (Mount(kind="tmpfs", target="/a"), Mount(kind="tmpfs", target="/a/"))},
            "mount": {"mounts": (Mount(kind="tmpfs", target="a"),)},
            "links": {"links": ("db",)},
            "comes back": {"auto_remove": True, "restart": RestartPolicy(name="always")},
            "stdin": {"stdin_once": True},
            "pid": {"pid_mode": "odd"},
            "ipc": {"ipc_mode": "odd"},
            "uts": {"uts_mode": "container:x"},
            "cgroup": {"cgroup_mode": "odd"},
            "pid of nobody": {"pid_mode": "container:nobody"},
            "network of nobody": {"network": "container:nobody"},
            "pod": {"network": "pod:nowhere"},
            "network": {"network": "nowhere"},
            "ports without": {"ports": ports},
            "address of none": {"ip": "10.0.0.1"},
            "address of the host": {"network": "host", "ip6": "fd00::1"},
        },
    )
    expected = {
        "memory": "The memory limit is too small.*",
        "capability": "There is no capability “FLY”.*",
        "ulimit": "There is no limit called “nothing”.*",
        "port": ".*port.*",
        "sysctl": "vm.swappiness cannot be set.*",
        "sysctl of the host's network": "net.x would change the host.*",
        "sysctl of the host's ipc": "kernel.shmmax would change the host.*",
        "extra host": "“db” is no extra host.*",
        "signal": "Invalid signal: NOPE.*",
        "socket": "The container would command this engine.*",
        "cdi": "There is no device no.such/maker=x.*",
        "twice": r"Two things are mounted at /a\.",
        "mount": "Nothing can be mounted at “a”.*",
        "links": "conflicting options: links.*",
        "comes back": r"A container cannot be removed at its end and restarted too\.",
        "stdin": r"stdin cannot be closed after the first client when it is not open\.",
        "pid": r"“odd” is no pid mode. Use private, host or, of pid and ipc, container:NAME\.",
        "ipc": r"“odd” is no ipc mode. Use private, shareable, host or, of pid and ipc, container:NAME\.",
        "uts": r"“container:x” is no uts mode. Use private, host or, of pid and ipc, container:NAME\.",
        "cgroup": r"“odd” is no cgroup mode. Use private, host or, of pid and ipc, container:NAME\.",
        "pid of nobody": r"No such container: nobody\.",
        "network of nobody": r"No such container: nobody\.",
        "pod": ".*nowhere.*",
        "network": ".*nowhere.*",
        "ports without": r"Ports cannot be published without a network\.",
        "address of none": r"The network “none” has no addresses to choose from\.",
        "address of the host": r"The network “host” has no addresses to choose from\.",
    }
    assert {name: said for name, said in asked.items() if not re.fullmatch(expected[name], said)} == {}


async def test_ports_belong_to_whose_network_it_is(played_engine: EmbeddedEngine) -> None:
    await create(played_engine, "other")
    ports = (PortMapping(container_port=80),)
    said = await refusals(
        played_engine,
        {
            "other": {"network": "container:other", "ports": ports},
            "all": {"network": "container:other", "publish_all": True},
        },
    )
    assert set(said.values()) == {
        "Ports cannot be published here. The container uses the network of another one, which owns them."
    }
    assert (await create(played_engine, network="container:other")).spec.network == "container:other"
    assert (await create(played_engine, network="host", ports=ports)).spec.ports == ports


async def test_names_are_taken_once_and_made_up_where_none_is_given(played_engine: EmbeddedEngine) -> None:
    first = await create(played_engine, "/one")
    assert first.name == "one"
    with pytest.raises(Conflict) as caught:
        await create(played_engine, "one")
    error = caught.value
    assert str(error) == (
        f"The name “one” is taken. The container {first.id[:12]} has it. Choose another name, or remove or rename that "
        "one."
    )
    assert (error.code, error.subject) == (Code.NAME_TAKEN, "one")
    assert error.docker == (
        f'Conflict. The container name "/one" is already in use by container "{first.id}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )
    made_up = await create(played_engine)
    assert re.fullmatch(r"[a-z]+-[a-z]+", made_up.name)
    assert len(made_up.id) == 64
    with pytest.raises(InvalidRequest, match="no good as a name"):
        await create(played_engine, "a b")
    with pytest.raises(NotFound):
        await create(played_engine, image="localhost/nothing:latest")


async def test_a_container_that_is_made_is_what_was_asked_with_the_defaults(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "one", command=("a", "b"), network="none", cgroup_parent="up")
    image = (await played_engine.images.list())[0]
    assert (made.state, made.pid, made.exit, made.started) == (State.CREATED, 0, None, None)
    assert (made.image, made.image_id, made.command_line) == (IMAGE, image.id, ("a", "b"))
    assert (made.spec.network, made.spec.hostname, made.mounts) == ("none", made.id[:12], ())
    assert made.driver == "overlay"
    assert made.log_path == str(played_engine.paths.log(made.id))
    assert made.warnings == ("The control group up is only shown: containers are in the engine's own tree.",)
    record = played_engine.containers.book.find("one").record
    assert record.image_config.command == ("/bin/sh",)
    assert len(record.layers) == 1
    assert (await create(played_engine, driver="fuse-overlayfs")).driver == "fuse-overlayfs"
    assert (await create(played_engine, uts_mode="host")).spec.hostname == ""
    assert (await create(played_engine, hostname="own")).spec.hostname == "own"


async def test_a_network_is_known_by_its_name_and_missing_ones_are_told(played_engine: EmbeddedEngine) -> None:
    for asked in ("default", "bridge", "pasta"):
        assert (await create(played_engine, network=asked)).spec.network == "pasta"


# --- mounts ---


async def test_volumes_are_the_requests_those_of_others_and_the_images(played_engine: EmbeddedEngine) -> None:
    config = {"Volumes": {"/data": {}, "/own": {}}, "Cmd": ["serve"]}
    await load(played_engine, RICH, config)
    first = await create(
        played_engine, "first", image=RICH,
        mounts=(
            Mount(kind="volume", source="named", target="/own/", volume_labels={"l": "1"}),
            Mount(kind="volume", target="/unnamed"),
            Mount(kind="tmpfs", target="/t"),
        ),
    )  # fmt: skip
    by_target = {each.target: each for each in first.mounts}
    assert list(by_target) == ["/own/", "/unnamed", "/t", "/data"]
    assert by_target["/own/"].source == "named"
    anonymous = {by_target[each].source for each in ("/unnamed", "/data")}
    assert all(re.fullmatch("[0-9a-f]{64}", name) for name in anonymous)
    assert set(played_engine.containers.book.find("first").record.created_volumes) == anonymous
    volumes = {each.name: each for each in await played_engine.volumes.list()}
    assert volumes.keys() == {"named", *anonymous}
    assert volumes["named"].labels == {"l": "1"}

    second = await create(played_engine, volumes_from=("first:ro",), mounts=(Mount(kind="tmpfs", target="/data"),))
    assert [(each.target, each.kind, each.read_only) for each in second.mounts] == [
        ("/own/", "volume", True), ("/unnamed", "volume", True), ("/data", "tmpfs", False),
    ]  # fmt: skip
    third = await create(played_engine, volumes_from=("first:rw",))
    lent = [each.source for each in first.mounts if each.kind == "volume"]
    assert [(each.source, each.read_only) for each in third.mounts] == [(name, False) for name in lent]
    fourth = await create(played_engine, volumes_from=(second.id,))
    assert [each.read_only for each in fourth.mounts] == [True, True]
    assert played_engine.containers.book.find(third.id).record.created_volumes == ()
    with pytest.raises(NotFound):
        await create(played_engine, volumes_from=("nobody",))


async def test_a_folder_that_is_not_there_is_made_as_docker_does(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    made = tmp_path / "a/b"
    await create(played_engine, mounts=(Mount(kind="bind", source=str(made), target="/x", create_source=True),))
    assert made.is_dir()
    with pytest.raises(InvalidRequest) as caught:
        await create(played_engine, mounts=(Mount(kind="bind", source=str(tmp_path / "no"), target="/x"),))
    assert str(caught.value) == (
        f"There is nothing at {tmp_path}/no. It was to be mounted at /x. Make it first, or choose another path."
    )
    assert (caught.value.code, caught.value.subject) == (Code.MOUNT_SOURCE_MISSING, f"{tmp_path}/no")
    assert caught.value.docker == (
        f'invalid mount config for type "bind": bind source path does not exist: {tmp_path}/no'
    )


async def test_an_image_may_be_mounted_and_is_kept_for_it(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, mounts=(Mount(kind="image", source=IMAGE, target="/image"),))
    record = played_engine.containers.book.find(made.id).record
    assert record.mounted_images == {"/image": record.layers}
    with pytest.raises(NotFound):
        await create(played_engine, mounts=(Mount(kind="image", source="localhost/no:latest", target="/image"),))


def test_a_file_or_a_link_that_is_there_is_left_alone_and_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    make_source(str(file))
    assert file.read_text() == "mine"
    with pytest.raises(InvalidRequest) as caught:
        make_source(str(file / "below"))
    assert str(caught.value) == (
        f"There is nothing at {file}/below, and it cannot be made. Not a directory. Make it first, or choose another "
        "path."
    )
    assert (caught.value.code, caught.value.subject) == (Code.MOUNT_SOURCE_MISSING, f"{file}/below")


ABSOLUTE = "A mount needs an absolute path other than the root."


@pytest.mark.parametrize(
    ("mount", "story", "subject"),
    [
        (Mount(kind="tmpfs", target="a"), f"Nothing can be mounted at “a”. {ABSOLUTE}", ""),
        (Mount(kind="tmpfs", target="//"), f"Nothing can be mounted at “//”. {ABSOLUTE}", ""),
        (Mount(kind="tmpfs", target="/a", ownership="chown"), "A tmpfs has no owners to help with.", "/a"),
        (Mount(kind="bind", source="a", target="/a"), "“a” is no absolute path. A bind mount needs one.", "a"),
        (Mount(kind="bind", source="/", target="/a", subpath="x"), "“x” is no path inside a volume.", "/a"),
        (Mount(kind="volume", source="v", target="/a", subpath="x/../y"), "“x/../y” is no path inside a volume.", "/a"),
        (Mount(kind="image", source="v", target="/a", subpath=".."), "“..” is no path inside a volume.", "/a"),
    ],
)
def test_mounts_that_make_no_sense(mount: Mount, story: str, subject: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_mount(mount)
    assert (str(caught.value), caught.value.subject) == (story, subject)


@pytest.mark.parametrize(
    "mount",
    [
        Mount(kind="tmpfs", target="/a"),
        Mount(kind="bind", source="/", target="/a", ownership="chown"),
        Mount(kind="bind", source="/no/such/place", target="/a", create_source=True),
        Mount(kind="volume", source="v", target="/a", subpath="x/..y", ownership="idmap"),
        Mount(kind="image", source="v", target="/a", subpath="x"),
    ],
)
def test_mounts_that_do(mount: Mount) -> None:
    check_mount(mount)


def test_there_may_be_so_many_mounts_and_no_more() -> None:
    many = [Mount(kind="tmpfs", target=f"/{number}") for number in range(1001)]
    check_targets(many[:1000])
    with pytest.raises(InvalidRequest) as caught:
        check_targets(many)
    assert str(caught.value) == "1001 mounts are too many for one container. 1000 are the most."
    with pytest.raises(InvalidRequest) as caught:
        check_targets([many[1], Mount(kind="tmpfs", target="/x/../1")])
    assert (str(caught.value), caught.value.subject) == ("Two things are mounted at /1.", "/1")


# --- the defaults ---


@pytest.mark.parametrize(
    ("asked", "network", "hostname"),
    [
        ({"network": ""}, "pasta", "c" * 12),
        ({"network": "bridge"}, "pasta", "c" * 12),
        ({"network": "mine"}, "mine", "c" * 12),
        ({"network": "host"}, "host", ""),
        ({"network": "host", "hostname": "h"}, "host", "h"),
        ({"uts_mode": "host"}, "pasta", ""),
    ],
)
def test_names_and_networks_that_were_not_said(asked: dict[str, Any], network: str, hostname: str) -> None:
    made = settled_spec(ContainerSpec(image="i", **asked), ImageConfig(), "c" * 64)
    assert (made.network, made.hostname) == (network, hostname)


def test_all_that_is_exposed_is_published() -> None:
    image = ImageConfig(exposed_ports=("80/tcp", "53/udp", "7/sctp"))
    own = (PortMapping(container_port=80, host_port=8080),)
    asked = ContainerSpec(image="i", ports=own, publish_all=True)
    assert settled_spec(asked, image, "c").ports == (
        *own, PortMapping(container_port=53, protocol="udp"), PortMapping(container_port=7, protocol="tcp"),
    )  # fmt: skip
    assert settled_spec(ContainerSpec(image="i", ports=own), image, "c").ports == own


# --- said while it can still be done otherwise ---


def test_what_means_less_here_is_said() -> None:
    assert list(notes(ContainerSpec(image="i"))) == []
    assert list(notes(ContainerSpec(image="i", cgroup_parent="up", device_rules=("c 1:* r",)))) == [
        "The control group up is only shown: containers are in the engine's own tree.",
        "Device rules change nothing: no device is kept from a container by its number, but by its file's rights.",
    ]


def test_a_folder_that_its_user_finds_closed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid or 4321
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, owner, -1)
    monkeypatch.setattr(os, "getuid", lambda: owner)
    folder = str(tmp_path)
    words = (
        f"The container's user web cannot write in {folder}: what is yours is its root's. With `wherry run --userns "
        "keep-id` that user is you; the mount option U gives the files away to it."
    )

    def said(image: ImageConfig, *, mapped: bool = False, source: str = folder, **more: Any) -> list[str]:
        mounts = (Mount(kind="bind", source=source, target="/x"),)
        return list(closed_binds(ContainerSpec(image="i", mounts=mounts, **more), image, mapped=mapped))

    web = ImageConfig(user="web:staff")
    assert said(web) == [words]
    assert said(web, mapped=True) == []
    assert said(web, mapped=True, network="host") == [words], "where they do not change places"
    assert said(web, source="/proc") == []
    assert said(web, security=Security(user_namespace="keep-id")) == []
    for user in ("", "0", "root", "root:web"):
        assert said(ImageConfig(user=user)) == []
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert said(web) == []


# --- joined networks, and what may go wrong after the row ---


async def test_a_container_whose_networks_cannot_be_joined_is_not_made(played_engine: EmbeddedEngine) -> None:
    from engine.types.networks import Endpoint

    spec = ContainerSpec(image=IMAGE, command=("x",), network="none")
    with pytest.raises(WherryError):
        await played_engine.containers.create(CreateContainer(spec=spec, name="half", networks={"nowhere": Endpoint()}))
    await played_engine.containers.settled()
    assert await played_engine.containers.list() == []


async def test_what_shares_namespaces_names_somebody(played_engine: EmbeddedEngine) -> None:
    await start(played_engine, "main")
    for options in ({"pid_mode": "container:main"}, {"ipc_mode": "container:main"}, {"ipc_mode": "shareable"}):
        made = await create(played_engine, **options)
        assert (made.spec.pid_mode, made.spec.ipc_mode) == (options.get("pid_mode", ""), options.get("ipc_mode", ""))
