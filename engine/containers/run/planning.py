"""What one start needs decided: the user, the mounts, the generated files; laid out as a `SpecPlan`."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING

from engine.containers.known.record import member_of
from engine.containers.run.accounts import AccountFiles
from engine.containers.run.engine_socket import is_engine_socket, plan_engine_socket
from engine.containers.run.links import Links
from engine.containers.run.new_owners import NewOwner
from engine.containers.run.runtime import architecture
from engine.containers.spec import etc_files, image_config
from engine.containers.spec.cdi import edits_of, is_cdi_name
from engine.containers.spec.own_files import user_who_is_you
from engine.containers.spec.plan import PlannedMount, SpecPlan
from engine.containers.spec.users import ContainerUser, find_user
from engine.errors import Code, InvalidRequest
from engine.networks.host import resolvers
from engine.networks.host.routes import default_gateway
from engine.networks.limits.egress import held_to
from engine.networks.neighbours.names_document import wants_host
from engine.networks.way_out.attachment import dns_forwarder
from engine.processes.programs import need_program
from engine.storage.drivers import OwnerChange
from engine.types.pods import ADDRESS_WORD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.containers.known.book import ContainerBook
    from engine.containers.known.record import Record
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.namespaces import Joined
    from engine.containers.run.runtime import Runtime
    from engine.networks.network_service import NetworkService
    from engine.types.containers import Mount

_MOST_ACCOUNT_BYTES = 1 << 20
_IPC_PLACES = ("/dev/mqueue", "/dev/shm")
_SHOWN_CONTROLLERS = ("memory", "cpu", "cpuacct", "cpuset", "pids", "blkio")
"""Of v1, those whose limits programs read to find their own size."""


class Planner:
    """Reads what must be read of the mounted image and the host; changes nothing but volumes and generated files."""

    def __init__(self, book: ContainerBook, runtime: Runtime, files: ContainerFiles, networks: NetworkService) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._accounts = AccountFiles()
        self._links = Links(book, networks)

    async def plan(self, record: Record, joined: Joined) -> SpecPlan:
        runtime, container = self._runtime, record.container
        spec, config = container.spec, record.image_config
        if self._networks.is_limited(joined.network_of or record.id):
            spec = held_to(spec)
        rootfs = runtime.paths.rootfs(record.id)
        user = await self._user(record, rootfs)
        yours = await self._user_who_is_you(record, rootfs)
        hostname = host_name(record)
        workdir = image_config.working_directory(spec, config)
        if workdir != "/":
            with contextlib.suppress(FileExistsError):
                await runtime.keeper.make_directory(rootfs, workdir, parents=True)
        mounts = [
            await self._mount(record, mount, rootfs, user, mapped=yours is not None) for mount in container.mounts
        ]
        return SpecPlan(
            container_id=record.id,
            spec=spec,
            command_line=container.command_line,
            env=with_address(
                self._links.environment(record)
                | image_config.environment(spec, config, hostname=hostname, home=user.home),
                joined.address,
            ),
            workdir=workdir,
            user=user,
            hostname=hostname,
            rootfs=str(rootfs),
            mounts=mounts,
            edits=edits_of([each.host_path for each in spec.devices if is_cdi_name(each.host_path)]),
            etc_files=self.write_etc_files(record, joined),
            init_program=need_program("catatonit") if spec.init else "",
            architecture=architecture(),
            single_id=runtime.keeper.ids.single_id,
            cgroup_v2=runtime.cgroups.shows_v2(hybrid_view=runtime.keeper.hybrid_cgroups),
            cgroup_views={
                name: runtime.inside_view(str(path))
                for name, path in runtime.cgroup(record).directories.items()
                if name in _SHOWN_CONTROLLERS
            },
            network=joined.network,
            # Where another user is you, the container has a user namespace of its own, and the network is not its.
            own_network=joined.own_network and yours is None,
            pid=joined.pid,
            ipc=joined.ipc,
            shared_memory=joined.shared_memory,
            host_ipc=_shared_ipc(),
            uts=joined.uts,
            cgroup="host" if spec.cgroup_mode == "host" else "",
            host_user_id=yours.uid if yours else 0,
            host_group_id=yours.gid if yours else 0,
            id_count=self._id_count,
        )

    @property
    def _id_count(self) -> int:
        return sum(each.count for each in self._runtime.keeper.ids.uids)

    async def _user_who_is_you(self, record: Record, rootfs: Path) -> ContainerUser | None:
        """None where it is root. The root's files are shown so that they are whose they were all the same, by a driver
        that can; where none can, only who asked for it gets it."""
        spec = record.container.spec
        wanted = user_who_is_you(spec, record.image_config)
        if not wanted:
            return None
        passwd = await self._account_file(record, rootfs, "passwd")
        try:
            user = find_user(wanted, passwd, await self._account_file(record, rootfs, "group"), ())
        except InvalidRequest:
            return None  # a development container whose user comes later; as the container's own it was refused before
        if not user.uid or user.uid >= self._id_count or user.gid >= self._id_count:
            return None
        change = OwnerChange(user.uid, user.gid, self._id_count)
        changed = await self._files.rootfs.change_owners(record.id, record.layers, change)
        return user if changed or spec.security.user_namespace == "keep-id" else None

    async def _user(self, record: Record, rootfs: Path) -> ContainerUser:
        spec = record.container.spec
        wanted = image_config.wanted_user(spec, record.image_config)
        if spec.security.user_namespace == "keep-id":
            wanted = user_who_is_you(spec, record.image_config)
        passwd = await self._account_file(record, rootfs, "passwd")
        group = await self._account_file(record, rootfs, "group") if wanted or spec.extra_groups else ""
        user = find_user(wanted, passwd, group, spec.extra_groups)
        if self._runtime.keeper.ids.single_id and (user.uid or user.gid):
            raise InvalidRequest(
                f"The container wants to run as user {user.uid}, and there is only one user",
                "This account has no subordinate ids.",
                code=Code.BAD_USER,
                hint="Ask an administrator for them: usermod --add-subuids 100000-165535 "
                f"--add-subgids 100000-165535 {os.environ.get('USER', 'YOU')}",
            )
        return user

    async def _account_file(self, record: Record, rootfs: Path, name: str) -> str:
        upper = self._files.rootfs.upper(record.id)
        return await self._accounts.read(record.layers, upper, name, partial(self._read_inside, rootfs))

    async def _read_inside(self, rootfs: Path, path: str) -> str:
        """A small text file of the image; nothing where there is none."""
        try:
            fd = await self._runtime.keeper.open_file(rootfs, path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return ""
        return read_text(fd)

    async def _mount(
        self, record: Record, mount: Mount, rootfs: Path, user: ContainerUser, *, mapped: bool
    ) -> PlannedMount:
        runtime, read_only = self._runtime, mount.read_only
        if mount.kind == "tmpfs":
            return PlannedMount(
                target=mount.target,
                tmpfs=True,
                read_only=mount.read_only,
                size=mount.tmpfs_size,
                mode=mount.tmpfs_mode,
                options=mount.tmpfs_options,
            )
        if is_engine_socket(mount):
            return await plan_engine_socket(runtime, rootfs, mount)
        if mount.kind == "image":
            read_only = True
            root = await self._files.rootfs.mount_image(
                record.id, image_place(record, mount.target), record.mounted_images.get(mount.target, ())
            )
            inner = await runtime.keeper.real_path(root, mount.subpath) if mount.subpath else "/"
            source = str(root / inner.lstrip("/"))
        elif mount.kind == "volume":
            await self._files.volumes.ensure(mount.source)
            data, only_read = await self._files.volumes.mounted(mount.source)
            read_only = read_only or only_read
            if mount.copy_up and not mount.subpath:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    inside = await runtime.keeper.real_path(rootfs, mount.target)
                    await self._files.volumes.populate(mount.source, rootfs / inside.lstrip("/"))
            inner = await runtime.keeper.real_path(data, mount.subpath) if mount.subpath else "/"
            source = str(data / inner.lstrip("/"))
        else:
            source = real_source(mount.source)
            if not source:
                raise InvalidRequest(
                    f"There is nothing at {mount.source} any more",
                    f"It is mounted at {mount.target}.",
                    code=Code.MOUNT_SOURCE_MISSING,
                    hint="Put it back, or edit the container.",
                    subject=mount.source,
                )
        return PlannedMount(
            target=mount.target,
            source=source,
            read_only=read_only,
            propagation=mount.propagation,
            owner=None if mapped else self._wanted_owner(mount, user),
            new_owner=NewOwner(source, user.uid, user.gid) if mount.ownership == "chown" else None,
        )

    def _wanted_owner(self, mount: Mount, user: ContainerUser) -> tuple[int, int] | None:
        """None where the host's user is the container's already, as its root."""
        if mount.ownership != "idmap":
            return None
        return (user.uid, user.gid) if user.uid or user.gid else None

    def write_etc_files(self, record: Record, joined: Joined) -> dict[str, str]:
        """Generated for each start and bound over the image's; a network shared with another container shares its."""
        spec = record.container.spec
        hostname = host_name(record)
        if joined.network_of is not None:
            owner = self._runtime.paths.container_run(joined.network_of)
            return {f"/etc/{name}": str(owner / name) for name in ("hosts", "resolv.conf", "hostname")}
        directory = self._runtime.paths.container_run(record.id)
        gateway = default_gateway() if wants_host(spec.extra_hosts) else ""
        if spec.network == "host":
            gateway = "127.0.0.1" if gateway else ""
        host_resolv = resolvers.host_text()
        texts = {
            "hosts": etc_files.hosts(
                f"{hostname}.{spec.domainname}" if spec.domainname else hostname,
                self._addresses(record, joined),
                aliases=(hostname, record.container.name, *spec.network_aliases),
                extra=spec.extra_hosts,
                host_gateway=gateway,
                neighbours=self._links.neighbours(record),
            ),
            "resolv.conf": etc_files.resolv_conf(
                host_resolv,
                dns=spec.dns,
                search=spec.dns_search,
                options=spec.dns_options,
                forwarded=joined.own_network and spec.network != "none",
                forwarder=dns_forwarder(),
                names_server=self._networks.names_server(member_of(record)),
            ),
            "hostname": f"{hostname}\n",
        }
        for name, text in texts.items():
            (directory / name).write_text(text)
            (directory / name).chmod(0o644)
        return {f"/etc/{name}": str(directory / name) for name in texts}

    def _addresses(self, record: Record, joined: Joined) -> Sequence[str]:
        if not joined.makes_network:
            return ()
        return self._networks.addresses(member_of(record)) or (self.address(record, joined),)

    def address(self, record: Record, joined: Joined) -> str:
        if not joined.makes_network:
            return joined.address
        return self._networks.address(member_of(record))


def with_address(env: dict[str, str], address: str) -> dict[str, str]:
    """A pod's container may be told the address it shares."""
    if not address:
        return env
    return {key: value.replace(ADDRESS_WORD, address) for key, value in env.items()}


def image_place(record: Record, target: str) -> str:
    """The name of the directory for an image that is mounted there."""
    return f"image-{list(record.mounted_images).index(target)}"


def _shared_ipc() -> list[str]:
    return [path for path in _IPC_PLACES if os.path.isdir(path)]


def host_name(record: Record) -> str:
    return record.container.spec.hostname or os.uname().nodename


def read_text(file: str | int) -> str:
    """A small file, bounded; nothing where there is none."""
    try:
        with open(file, "rb", buffering=0) as opened:
            return (opened.read(_MOST_ACCOUNT_BYTES) or b"").decode(errors="replace")
    except FileNotFoundError:
        return ""


def real_source(path: str) -> str:
    """Where a bind mount's source really is, "" where nothing is."""
    real = os.path.realpath(path)
    return real if os.path.lexists(real) else ""
