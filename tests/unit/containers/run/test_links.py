"""Links, namespaces of pods, what the host refuses, and filters that are remembered: small parts of a start."""

from __future__ import annotations

import base64
import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.containers.known.record import Record
from engine.containers.run import engine_socket, links, new_owners, restart_file, runtime
from engine.containers.run.engine_socket import check_engine_socket, is_engine_socket, plan_engine_socket
from engine.containers.run.faults import typed
from engine.containers.run.links import Links
from engine.containers.run.namespaces import joined_namespaces
from engine.containers.run.new_owners import NewOwner, give
from engine.containers.run.pod_place import PodPlace
from engine.containers.run.seccomp_filters import CompiledFilters
from engine.containers.spec.plan import PlannedMount
from engine.errors import Code, Conflict, HostError, InvalidRequest, NotFound, StorageError, Unsupported
from engine.processes.crun import Crun
from engine.sandbox.programs import Completed
from engine.types.containers import Container, ContainerSpec, Mount, State
from engine.types.data import now
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory


def record(name: str, *, state: State = State.RUNNING, image: ImageConfig | None = None, **spec: Any) -> Record:
    container = Container(
        id=name[0] * 64, name=name, image_id="i", image="i", spec=ContainerSpec(image="i", **spec), command_line=("x",),
        state=state, created=now(), pid=42,
    )  # fmt: skip
    return Record(container=container, image_config=image or ImageConfig(), layers=())


class Book:
    """The containers there are."""

    def __init__(self, *records: Record) -> None:
        self.entries = {
            each.container.name: SimpleNamespace(
                id=each.id, record=each, container=each.container, alive=each.container.state is State.RUNNING
            )
            for each in records
        }

    def find(self, wanted: str) -> Any:
        for entry in self.entries.values():
            if wanted in (entry.container.name, entry.id):
                return entry
        raise NotFound(f"No such container: {wanted}")


DB = record(
    "db", exposed_ports=("9/udp", "5432"), env={"KEY": "v", "HOME": "/x"},
    image=ImageConfig(env=("PATH=/p", "IMAGE=1"), exposed_ports=("5433/tcp",)),
)  # fmt: skip


def linked(book: Book, addresses: dict[str, str]) -> Links:
    networks: Any = SimpleNamespace(neighbours=lambda member: addresses)
    return Links(book, networks)  # type: ignore[arg-type]


def test_a_link_tells_of_names_ports_and_variables() -> None:
    told = linked(Book(DB), {DB.id: "10.0.0.2"})
    web = record("web", links=("/db:up/my-db.1", "gone:x"))
    assert told.neighbours(web) == [("10.0.0.2", ["my-db.1", DB.id[:12], "db"])]
    assert told.environment(web) == {
        "MY_DB_1_NAME": "/web/my-db.1",
        "MY_DB_1_PORT": "udp://10.0.0.2:9",
        "MY_DB_1_PORT_9_UDP": "udp://10.0.0.2:9",
        "MY_DB_1_PORT_9_UDP_ADDR": "10.0.0.2",
        "MY_DB_1_PORT_9_UDP_PORT": "9",
        "MY_DB_1_PORT_9_UDP_PROTO": "udp",
        "MY_DB_1_PORT_5432_TCP": "tcp://10.0.0.2:5432",
        "MY_DB_1_PORT_5432_TCP_ADDR": "10.0.0.2",
        "MY_DB_1_PORT_5432_TCP_PORT": "5432",
        "MY_DB_1_PORT_5432_TCP_PROTO": "tcp",
        "MY_DB_1_PORT_5433_TCP": "tcp://10.0.0.2:5433",
        "MY_DB_1_PORT_5433_TCP_ADDR": "10.0.0.2",
        "MY_DB_1_PORT_5433_TCP_PORT": "5433",
        "MY_DB_1_PORT_5433_TCP_PROTO": "tcp",
        "MY_DB_1_ENV_KEY": "v",
        "MY_DB_1_ENV_IMAGE": "1",
    }


def test_a_link_without_another_name_or_ports_has_its_own() -> None:
    plain = record("cache")
    told = linked(Book(plain), {plain.id: "10.0.0.3"})
    assert told.neighbours(record("web", links=("cache",))) == [("10.0.0.3", ["cache", plain.id[:12]])]
    assert told.environment(record("web", links=("cache",))) == {"CACHE_NAME": "/web/cache"}
    assert told.environment(record("web")) == {}
    assert told.neighbours(record("web")) == []
    assert linked(Book(plain), {}).neighbours(record("web", links=("cache",))) == [], "it has no address"


def test_on_a_named_network_names_are_told_otherwise() -> None:
    web = record("web", links=("db",), network="own")
    told = linked(Book(record("db", state=State.EXITED)), {DB.id: "10.0.0.2"})
    assert (told.environment(web), told.neighbours(web)) == ({}, [])
    told.check_running(web)


def test_who_is_linked_to_must_be_there_and_run() -> None:
    told = linked(Book(record("db", state=State.EXITED)), {})
    with pytest.raises(Conflict) as caught:
        told.check_running(record("web", links=("/db:x",)))
    assert str(caught.value) == "Cannot link to a non running container: db. Start it first."
    assert caught.value.subject == "d" * 64
    told.check_running(record("web"))
    told.check(ContainerSpec(image="i"))
    told.check(ContainerSpec(image="i", links=("db:x",)))
    with pytest.raises(NotFound):
        told.check(ContainerSpec(image="i", links=("nobody",)))
    for network in ("none", "host", "container:x", "pod:x"):
        with pytest.raises(InvalidRequest) as refused:
            told.check(ContainerSpec(image="i", links=("db",), network=network))
        assert str(refused.value) == (
            f"conflicting options: links need a network of the container's own. It is to have the network “{network}”."
        )
    assert links._name("/db:x") == "db"


# --- a pod's namespaces ---

POD = PodPlace(
    name="p", key="pod-p", hostname="pod", network="/run/netns/pod", own_network=True, ipc="/pod/ipc", uts="/pod/uts",
    shared_memory="/pod/shm", address="10.0.0.9", ports=(),
)  # fmt: skip


def joined(record: Record, *others: Record) -> Any:
    networks: Any = SimpleNamespace(namespace=lambda container: Path(f"/run/netns/{container[:3]}"))
    pods: Any = SimpleNamespace(find=lambda name: POD if name == "p" else None)
    return joined_namespaces(record, Book(*others), networks, pods)  # type: ignore[arg-type]


def test_a_container_of_a_pod_has_the_pods_namespaces_but_those_it_speaks_of() -> None:
    plain = joined(record("web", network="pod:p"))
    assert (plain.network, plain.own_network, plain.makes_network, plain.network_of) == (
        "/run/netns/pod", True, False, "pod-p",
    )  # fmt: skip
    assert (plain.pid, plain.ipc, plain.uts, plain.shared_memory, plain.address) == (
        "", "/pod/ipc", "/pod/uts", "/pod/shm", "10.0.0.9",
    )  # fmt: skip
    own = joined(record("web", network="pod:p", pid_mode="container:db", ipc_mode="container:db", uts_mode="host"), DB)
    assert (own.pid, own.ipc, own.uts, own.shared_memory) == ("/proc/42/ns/pid", "/proc/42/ns/ipc", "host", "")
    private = joined(record("web", network="pod:p", ipc_mode="private"))
    assert (private.ipc, private.shared_memory) == ("/pod/ipc", "")


@pytest.mark.parametrize(
    ("network", "path", "own", "makes"),
    [("pasta", "/run/netns/www", True, True), ("none", "/run/netns/www", True, True), ("host", "host", False, False)],
)
def test_a_container_of_its_own_has_its_own(network: str, path: str, *, own: bool, makes: bool) -> None:
    found = joined(record("web", network=network))
    assert (found.network, found.own_network, found.makes_network, found.network_of) == (path, own, makes, None)
    assert (found.pid, found.ipc, found.uts, found.shared_memory, found.address) == ("", "", "", "", "")


def test_one_without_a_process_shares_nothing() -> None:
    ended = DB.with_container(pid=0)
    with pytest.raises(Conflict, match="The container “db” does not run"):
        joined(record("web", network="container:db"), ended)


# --- what the host refuses ---


@pytest.mark.parametrize(
    ("error", "kind", "code", "story", "subject"),
    [
        (
            OSError(errno.ENOSPC, "No space", "/x"), StorageError, Code.DISK_FULL,
            "The disk is full. The container could not be started: /x cannot be written.", "/x",
        ),
        (
            OSError(errno.EROFS, "Read-only"), StorageError, Code.DISK_READ_ONLY,
            "The disk is read-only. The container could not be started: the store cannot be written.", "",
        ),
        (OSError(errno.ENFILE, "Table full"), HostError, Code.HOST, "", None),
        (
            OSError(errno.ENOTCONN, "Not connected", "/x"), StorageError, Code.MOUNT_FAILED,
            "The container's root file system went away. The process that served it (fuse-overlayfs) ended. Start the "
            "container again: it gets a new one, and nothing written is lost.", "",
        ),
        (OSError(errno.ECONNABORTED, "Aborted"), StorageError, Code.MOUNT_FAILED, "The container's root file", ""),
        (
            OSError(errno.EINVAL, "Invalid", "/x"), StorageError, Code.MOUNT_FAILED,
            "The container could not be started. Invalid: /x.", "/x",
        ),
        (OSError("odd"), StorageError, Code.MOUNT_FAILED, "The container could not be started. odd.", ""),
    ],
)  # fmt: skip
def test_what_the_host_refuses_is_told(
    error: OSError, kind: type[StorageError], code: Code, story: str, subject: str | None
) -> None:
    told = typed(error, doing="started")
    assert type(told) is kind
    assert told.code is code
    assert str(told).startswith(story)
    if subject is not None:
        assert (told.subject, told.details) == (subject, str(error))


# --- filters that are remembered ---


def test_a_filter_is_compiled_once(tmp_path: Path) -> None:
    program = tmp_path / "crun"
    program.touch()
    state = tmp_path / "state"
    state.mkdir()

    def document(action: str = "a") -> dict[str, Any]:
        return {"linux": {"seccomp": {"defaultAction": action}}, "annotations": {}}

    filters = CompiledFilters(tmp_path / "filters", Crun(str(program), tmp_path))
    assert filters.apply({"linux": {}, "annotations": {}}) == ""
    key = filters.apply(document())
    assert len(key) == 64
    filters.remember(key, state)
    assert filters.apply(document()) == key, "a crun that keeps none"
    for bad in (b"", b"x" * 7, b"x" * 8 * 4097):
        (state / "seccomp.bpf").write_bytes(bad)
        filters.remember(key, state)
        assert filters.apply(document()) == key
    compiled = b"12345678" * 4096
    (state / "seccomp.bpf").write_bytes(compiled)
    filters.remember(key, state)
    for known in (filters, CompiledFilters(tmp_path / "filters", Crun(str(program), tmp_path))):
        given = document()
        assert known.apply(given) == ""
        assert given["annotations"] == {"run.oci.seccomp_bpf_data": base64.b64encode(compiled).decode()}
        assert known.apply(document("b")) not in ("", key)
    assert [path.name for path in (tmp_path / "filters").iterdir()] == [key]
    assert (tmp_path / "filters").stat().st_mode & 0o777 == 0o700
    os.utime(program, ns=(5, 5))
    newer = CompiledFilters(tmp_path / "filters", Crun(str(program), tmp_path))
    assert newer.apply(document()) not in ("", key), "another runtime compiles another filter"


# --- files that are given to a user ---


async def test_files_are_given_once_and_a_refusal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_owners, "need_program", lambda name: f"/bin/{name}")
    asked: list[Any] = []
    answers = [Completed(0, b"", b""), Completed(1, b"", b"chown: no\nmore"), Completed(0, b"", b"")]

    async def run(argv: list[str], *, timeout: float) -> Completed:
        asked.append((argv, timeout))
        return answers.pop(0)

    keeper: Any = SimpleNamespace(run=run)
    await give(keeper, [], tmp_path)
    assert list(os.listdir(tmp_path)) == []
    first, second = NewOwner("/a", 1, 2), NewOwner("/b", 3, 4)
    with pytest.raises(InvalidRequest) as caught:
        await give(keeper, [first, second], tmp_path)
    assert str(caught.value) == (
        "The files in /b cannot be given to the container's user. chown: no. Mount it without “U”, or change the "
        "owners yourself."
    )
    assert caught.value.subject == "/b"
    assert json.loads((tmp_path / "new-owners.json").read_text()) == [["/a", 1, 2]]
    await give(keeper, iter([second, first]), tmp_path)
    assert json.loads((tmp_path / "new-owners.json").read_text()) == [["/a", 1, 2], ["/b", 3, 4]]
    assert asked == [
        (["/bin/chown", "-hR", "1:2", "--", "/a"], 3600.0), (["/bin/chown", "-hR", "3:4", "--", "/b"], 3600.0),
        (["/bin/chown", "-hR", "3:4", "--", "/b"], 3600.0),
    ]  # fmt: skip
    assert first.describe() == "give /a to 1:2"


# --- the engine's own socket ---


def bound(source: str, kind: str = "bind") -> Mount:
    return Mount(kind=kind, source=source, target="/var/run/docker.sock")  # type: ignore[arg-type]


def test_only_who_may_command_the_engine_gets_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_engine_socket(bound("/var/run/docker.sock"))
    assert is_engine_socket(bound("/run/docker.sock"))
    assert not is_engine_socket(bound("/run/other.sock"))
    assert not is_engine_socket(bound("/run/docker.sock", "volume"))
    monkeypatch.setattr(engine_socket.os, "getuid", lambda: 1000)
    check_engine_socket(ContainerSpec(image="i", mounts=(bound("/x"),)))
    asked = ContainerSpec(image="i", mounts=(bound("/x"), bound("/run/docker.sock")))
    with pytest.raises(InvalidRequest) as caught:
        check_engine_socket(asked)
    assert str(caught.value) == (
        "The container would command this engine through its socket. With it goes all that you may do with your files "
        "and containers. If it may: `wherry run --engine-socket`, the label io.wherry.engine-socket=allow, or the tick "
        "under Security in the window."
    )
    allowed = msgspec.structs.replace(asked, engine_socket=True)
    check_engine_socket(allowed)
    monkeypatch.setattr(engine_socket.os, "getuid", lambda: 0)
    with pytest.raises(Unsupported) as unsupported:
        check_engine_socket(allowed)
    assert str(unsupported.value) == (
        "A container cannot command the engine of root. Only root is let in there, and root is in no container. Run it "
        "on the engine of an ordinary user."
    )


async def test_the_socket_is_a_link_into_a_folder_that_lasts(
    paths: Paths, keeper: Keeper, machine: MachineInMemory, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/run")
    runtime: Any = SimpleNamespace(paths=paths, keeper=keeper)
    mount = await plan_engine_socket(runtime, tmp_path, bound("/run/docker.sock"))
    assert mount == PlannedMount(target="/run/.wherry-engine", source=mount.source, read_only=True)
    assert Path(mount.source) == engine_socket.make_folder(paths.socket)
    assert (tmp_path / "run/docker.sock").readlink() == Path(f"/run/.wherry-engine/{paths.socket.name}")


# --- what is known of the host, and of a stand-in ---


def test_groups_are_named_as_they_are_found_inside(paths: Paths) -> None:
    def made(*, hybrid: bool) -> runtime.Runtime:
        keeper: Any = SimpleNamespace(hybrid_cgroups=hybrid)
        nothing: Any = None
        return runtime.Runtime(
            paths=paths, keeper=keeper, cgroups=nothing, crun=nothing, conmon="", filters=nothing, boot=""
        )

    assert made(hybrid=False).inside_view("/sys/fs/cgroup/memory/x") == "/sys/fs/cgroup/memory/x"
    assert made(hybrid=True).inside_view("/sys/fs/cgroup/memory/x") == str(paths.cgroup_view / "memory/x")
    assert len(runtime.boot_id()) == 36


@pytest.mark.parametrize(
    ("machine_name", "name"),
    [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "arm"), ("i686", "386"), ("s390x", "s390x")],
)
def test_machines_have_dockers_names(monkeypatch: pytest.MonkeyPatch, machine_name: str, name: str) -> None:
    monkeypatch.setattr(runtime.platform, "machine", lambda: machine_name)
    assert runtime.architecture() == name


def test_a_stand_in_in_the_middle_of_it_is_waited_for_and_not_for_ever(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    standing: Any = SimpleNamespace(paths=paths)
    place = paths.container_run("c" * 64)
    place.mkdir(parents=True)
    assert restart_file.settled_restarts(standing, "c" * 64) == {}
    assert list(place.iterdir()) == []
    (place / "restart.json").write_text('{"restarts": 3}')
    assert restart_file.settled_restarts(standing, "c" * 64) == {"restarts": 3}
    slept: list[float] = []
    monkeypatch.setattr(restart_file.time, "sleep", slept.append)
    monkeypatch.setattr(restart_file, "_LOCK_SECONDS", 0.05)
    with (place / "restart.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert restart_file.settled_restarts(standing, "c" * 64) == {"restarts": 3}
    assert set(slept) == {0.01}
    (place / "restart.json").write_text("{")
    assert restart_file.settled_restarts(standing, "c" * 64) == {}
