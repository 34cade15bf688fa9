"""From a request to a record: everything that can be found wrong is found here, before anything is made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from engine.cgroups.limits import check_resources
from engine.containers.known import docker_words
from engine.containers.known.names import check_name, invent_name, new_id
from engine.containers.known.record import Record
from engine.containers.make.notes import closed_binds, notes
from engine.containers.run.engine_socket import check_engine_socket, is_engine_socket
from engine.containers.run.links import Links
from engine.containers.spec import etc_files, image_config
from engine.containers.spec.cdi import edits_of, is_cdi_name
from engine.containers.spec.process import check_ulimits
from engine.containers.spec.runtime_spec import check_sysctls
from engine.containers.spec.security import check_security
from engine.errors import Code, Conflict, InvalidRequest
from engine.networks.host.ports import check_mappings
from engine.networks.limits import egress, isolation
from engine.networks.way_out.attachment import missing_network
from engine.recipe.checks import (
    NAMESPACE_MODES,
    goes_and_comes_back,
    is_namespace_mode,
    is_place_for_mounts,
    place,
    places_twice,
    shared_with,
)  # fmt: skip
from engine.recipe.networks import of_pod, pod_of
from engine.types.containers import MOST_MOUNTS, Container, Mount, PortMapping, State
from engine.types.data import now
from engine.types.networks import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.containers.known.book import ContainerBook
    from engine.containers.run.container_files import ContainerFiles, FoundImage
    from engine.containers.run.pod_place import Pods
    from engine.containers.run.runtime import Runtime
    from engine.networks.network_service import NetworkService
    from engine.types.containers import ContainerSpec, CreateContainer
    from engine.types.images import ImageConfig

_ANONYMOUS_BYTES = 32


class Creator:
    """Makes records. Nothing is on disk before the first start but rows: that of the container and of its volumes."""

    def __init__(
        self, book: ContainerBook, runtime: Runtime, files: ContainerFiles, networks: NetworkService, pods: Pods
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._pods = pods

    async def create(self, request: CreateContainer) -> Record:
        """Check, settle the defaults, make the volumes; gives a record that the book may add."""
        book = self._book
        name = check_name(request.name) if request.name else invent_name(book.names)
        if name in book.names:
            owner = book.find(name)
            raise Conflict(
                f"The name “{name}” is taken",
                f"The container {owner.id[:12]} has it.",
                code=Code.NAME_TAKEN,
                hint="Choose another name, or remove or rename that one.",
                subject=name,
                docker=docker_words.name_taken(name, owner.id),
            )
        spec = request.spec
        image = self._files.images.image(spec.image, platform=spec.platform)
        self.check(spec, image.config)
        mounts, made = await self.settle_mounts(spec, image.config)
        container = self._container(new_id(), name, image, spec, mounts)
        return Record(
            container=container,
            image_config=image.config,
            layers=image.layers,
            mounted_images=self.mounted_images(mounts),
            created_volumes=tuple(made),
        )

    def mounted_images(self, mounts: Sequence[Mount]) -> dict[str, tuple[str, ...]]:
        return {each.target: self._files.images.image(each.source).layers for each in mounts if each.kind == "image"}

    def check(self, spec: ContainerSpec, image: ImageConfig) -> None:
        """Refuse what no start could make true. Also asked before an edit."""
        check_resources(spec.resources)
        check_security(spec.security)
        check_ulimits(spec.ulimits)
        check_mappings(spec.ports)
        check_sysctls(spec.sysctls, network=spec.network, ipc=spec.ipc_mode)
        etc_files.check_extra_hosts(spec.extra_hosts)
        image_config.command_line(spec, image)
        image_config.stop_signal(spec, image)
        check_engine_socket(spec)
        edits_of([each.host_path for each in spec.devices if is_cdi_name(each.host_path)])
        check_targets(spec.mounts)
        for mount in spec.mounts:
            if not is_engine_socket(mount):
                check_mount(mount)
        self._check_network(spec)
        egress.check(spec)
        isolation.check(spec)
        Links(self._book, self._networks).check(spec)
        self._check_namespaces(spec)
        if goes_and_comes_back(auto_remove=spec.auto_remove, restart=spec.restart.name):
            raise InvalidRequest("A container cannot be removed at its end and restarted too")
        if spec.stdin_once and not spec.stdin_open:
            raise InvalidRequest("stdin cannot be closed after the first client when it is not open")

    def settled(self, spec: ContainerSpec, image: ImageConfig, container_id: str) -> ContainerSpec:
        """The recipe as it is kept: defaults filled in, the network by its name though it was given by its id."""
        if pod := pod_of(spec.network):
            place = self._pods.find(pod)
            spec = msgspec.structs.replace(spec, network=of_pod(place.name), hostname=place.hostname)
            return settled_spec(spec, image, container_id)
        spec = settled_spec(spec, image, container_id)
        return msgspec.structs.replace(spec, network=self._networks.name_of(spec.network))

    def _check_network(self, spec: ContainerSpec) -> None:
        kind, _, other = spec.network.partition(":")
        if kind == "pod":
            self._pods.find(other)
            if spec.ports or spec.publish_all:
                raise InvalidRequest(
                    "Ports cannot be published here",
                    f"They belong to the pod “{other}”.",
                    hint="Give them when the pod is made: wherry pod create --publish …",
                )
        elif kind == "container":
            self._book.find(other)
            if spec.ports or spec.publish_all:
                raise InvalidRequest(
                    "Ports cannot be published here", "The container uses the network of another one, which owns them."
                )
        elif spec.network in ("none", "host"):
            if spec.ports and spec.network == "none":
                raise InvalidRequest("Ports cannot be published without a network")
            if spec.ip or spec.ip6:
                raise InvalidRequest(
                    f"The network “{spec.network}” has no addresses to choose from",
                    docker="conflicting options: custom IP address with this network mode",
                )
        else:
            asked = Endpoint(ip=spec.ip, ip6=spec.ip6, mac=spec.mac_address, interface=spec.interface_name)
            self._networks.check_named(spec.network, asked)

    def _check_namespaces(self, spec: ContainerSpec) -> None:
        modes = (("pid", spec.pid_mode), ("ipc", spec.ipc_mode), ("uts", spec.uts_mode), ("cgroup", spec.cgroup_mode))
        for kind, mode in modes:
            other = shared_with(kind, mode)
            if other is not None:
                self._book.find(other)
            elif not is_namespace_mode(kind, mode):
                hint = f"Use {', '.join(NAMESPACE_MODES[kind])} or, of pid and ipc, container:NAME."
                raise InvalidRequest(f"“{mode}” is no {kind} mode", hint=hint)

    # --- mounts ---

    async def settle_mounts(
        self, spec: ContainerSpec, image: ImageConfig, kept: Sequence[Mount] = ()
    ) -> tuple[tuple[Mount, ...], list[str]]:
        """All mounts with names filled in: the request's, those of other containers, then the image's volumes.

        `kept` are the mounts a container has had: an anonymous volume stays where it is.
        """
        known = {place(mount.target): mount.source for mount in kept if mount.kind == "volume"}
        mounts: dict[str, Mount] = {}
        for other in spec.volumes_from:
            for mount in self._mounts_of(other):
                mounts[place(mount.target)] = mount
        for mount in spec.mounts:
            mounts[place(mount.target)] = mount
        for target in image.volumes:
            check_mount(Mount(kind="volume", target=target))
            mounts.setdefault(place(target), Mount(kind="volume", target=target))
        made: list[str] = []
        settled: list[Mount] = []
        for mount in mounts.values():
            if mount.kind == "volume":
                volumes = self._files.volumes
                name = mount.source or known.get(place(mount.target), "")
                anonymous = not name
                name = name or os.urandom(_ANONYMOUS_BYTES).hex()
                await volumes.ensure(
                    name, labels=mount.volume_labels, options=mount.volume_options, anonymous=anonymous
                )
                if anonymous:
                    made.append(name)
                mount = msgspec.structs.replace(mount, source=name)
            elif mount.kind == "bind" and mount.create_source and not is_engine_socket(mount):
                make_source(mount.source)
            settled.append(mount)
        return tuple(settled), made

    def _mounts_of(self, wanted: str) -> Iterator[Mount]:
        name, _, access = wanted.rpartition(":") if wanted.endswith((":ro", ":rw")) else (wanted, "", "")
        for mount in self._book.find(name).container.mounts:
            if mount.kind not in ("tmpfs", "image"):
                yield msgspec.structs.replace(mount, read_only=mount.read_only or access == "ro")

    # --- the snapshot ---

    def _container(
        self, container_id: str, name: str, image: FoundImage, spec: ContainerSpec, mounts: tuple[Mount, ...]
    ) -> Container:
        spec = self.settled(spec, image.config, container_id)
        return Container(
            id=container_id,
            name=name,
            image_id=image.id,
            image=image.reference,
            spec=spec,
            command_line=image_config.command_line(spec, image.config),
            state=State.CREATED,
            created=now(),
            mounts=mounts,
            driver=self._files.root_driver(spec, image.config) or self._files.rootfs.default.name,
            log_path=str(self._runtime.paths.log(container_id)),
            warnings=(
                *closed_binds(spec, image.config, mapped=self._files.rootfs.can_change_owners),
                *notes(spec),
                *missing_network(spec.network),
            ),
        )


def settled_spec(spec: ContainerSpec, image: ImageConfig, container_id: str) -> ContainerSpec:
    """The request with the engine's defaults (not the image's) filled in."""
    ports = spec.ports
    if spec.publish_all:
        ports += tuple(
            PortMapping(container_port=port, protocol="udp" if protocol == "udp" else "tcp")
            for port, protocol in image_config.missing_publications(spec, image)
        )
    network = "pasta" if spec.network in ("default", "bridge", "") else spec.network
    hostname = spec.hostname
    if not hostname and spec.uts_mode != "host" and network != "host":
        hostname = container_id[:12]
    return msgspec.structs.replace(spec, ports=ports, network=network, hostname=hostname)


def make_source(path: str) -> None:
    """What `docker run -v` does where nothing is; a file that is there is left alone."""
    if os.path.exists(path):
        return
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(
            f"There is nothing at {path}, and it cannot be made",
            f"{error.strerror}.",
            code=Code.MOUNT_SOURCE_MISSING,
            hint="Make it first, or choose another path.",
            subject=path,
        ) from None


def check_mount(mount: Mount) -> None:
    if not is_place_for_mounts(mount.target):
        raise InvalidRequest(
            f"Nothing can be mounted at “{mount.target}”", "A mount needs an absolute path other than the root."
        )
    if mount.ownership and mount.kind == "tmpfs":
        raise InvalidRequest("A tmpfs has no owners to help with", subject=mount.target)
    if mount.kind == "bind":
        _check_bind(mount)
    if mount.subpath and (mount.kind not in ("volume", "image") or ".." in mount.subpath.split("/")):
        raise InvalidRequest(f"“{mount.subpath}” is no path inside a volume", subject=mount.target)


def _check_bind(mount: Mount) -> None:
    if not mount.source.startswith("/"):
        raise InvalidRequest(f"“{mount.source}” is no absolute path", "A bind mount needs one.", subject=mount.source)
    if not os.path.lexists(mount.source) and not mount.create_source:
        raise InvalidRequest(
            f"There is nothing at {mount.source}",
            f"It was to be mounted at {mount.target}.",
            code=Code.MOUNT_SOURCE_MISSING,
            hint="Make it first, or choose another path.",
            subject=mount.source,
            docker=f'invalid mount config for type "bind": bind source path does not exist: {mount.source}',
        )


def check_targets(mounts: Sequence[Mount]) -> None:
    if len(mounts) > MOST_MOUNTS:
        raise InvalidRequest(f"{len(mounts)} mounts are too many for one container", f"{MOST_MOUNTS} are the most.")
    for target in places_twice(mount.target for mount in mounts):
        raise InvalidRequest(f"Two things are mounted at {target}", subject=target)
