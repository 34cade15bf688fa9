"""One container's own network: a network namespace pinned at a path, and the pasta that connects it to the host.

The namespace outlives pasta, so ports of a running container change by starting another pasta on the same namespace.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import HostError, RuntimeFailure
from engine.networks.host import resolvers, routes
from engine.networks.host.ports import holder_of, left_to_pasta, refusal
from engine.networks.way_out import stand_ins
from engine.networks.way_out.stand_ins import stand_in
from engine.operations.behind import Behind
from engine.processes import pasta
from engine.processes.programs import find_program, runtime_environment
from engine.recipe.networks import is_shared
from engine.sandbox.keeper.asked.steps import MakeDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.containers import PortMapping

_EADDRINUSE = 98
_OPEN_TUN = "Open it: sudo modprobe tun; sudo chmod 666 /dev/net/tun"
_END_SECONDS = 2.0
_MOST_OF_ONE = 3
"""Processes of one pasta: itself, and those it is while it goes to the background."""


@dataclass(frozen=True)
class Attached:
    """A namespace with a way out."""

    pasta_pid: int


class NetworkAttachments:
    """Namespaces and pastas by container id (or by network, for named ones)."""

    def __init__(self, paths: Paths, keeper: Keeper, on_lost: Callable[[str], None]) -> None:
        """`on_lost` is called with the key when a pasta ended that nobody asked to end."""
        self._paths = paths
        self._keeper = keeper
        self._watched: dict[str, int] = {}
        self.behind = Behind()
        """Namespaces that are being taken apart."""
        self._unsure: set[str] = set()
        """Whose pasta may run although nobody heard of it: the keeper died, or the start was called off, on the way."""
        self._on_lost = on_lost
        self.before_removal: Callable[[str], None] = lambda key: None
        """Whoever has something open in a namespace closes it then."""
        self._stand_ins: set[str] = set()
        """Whose pasta was started on a host without a route, and reaches nothing but the host."""

    # --- the namespace ---

    def namespace(self, key: str) -> Path:
        return self._paths.netns(key)

    async def create(self, key: str) -> Path:
        path = self.namespace(key)
        await self._keeper.create_netns(path)
        return path

    async def remove(self, key: str, *, behind: bool = False) -> None:
        """Let the namespace go, with its pasta. `behind` does not wait for the kernel to take it apart: for one that
        nobody will ask for again. Cut off there, it is swept away later."""
        self.before_removal(key)
        await self.disconnect(key)
        remove_socket(self._api_socket(key))
        removal = partial(self._keeper.remove_netns, self.namespace(key))
        if behind:
            self.behind.begin(key, removal)
        else:
            await removal()

    # --- the way out ---

    async def connect(
        self,
        key: str,
        ports: Sequence[PortMapping],
        *,
        host_gateway: bool = False,
        own_dns: bool = False,
        interface: str = "",
    ) -> Attached:
        """Start pasta; returns when its forwarded ports are open. `own_dns` says that the container's file names other
        servers than the host's."""
        pid_file = self._pid_file(key)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(pid_file)
        program = find_program("pasta")
        if program is None:
            pid = await stand_ins.connect(self._keeper, self.namespace(key), self._api_socket(key), ports)
            write_pid(pid_file, pid)
            self._watch(key, pid)
            return Attached(pid)
        forwards = not own_dns and resolvers.needs_forwarder(resolvers.host_text())
        call = pasta.PastaCall(
            program=program,
            netns=self.namespace(key),
            pid_file=pid_file if pasta.may_write(pid_file) else None,
            ports=left_to_pasta(ports),
            dns_forward=pasta.FORWARDED_DNS if forwards else "",
            host_gateway=host_gateway,
            interface=interface,
        )
        complaint = await self._run(key, call)
        if complaint and pasta.has_no_way_out(complaint):
            # An older pasta wants a default route. Without one the loopback stands in: what is published is reached.
            # It opens connections by the loopback alone, so with a route comes another (`renew_stand_ins`).
            complaint = await self._run(key, dataclasses.replace(call, without_route=True))
            self._stand_ins.add(key)
        if not routes.leads_out():
            self._stand_ins.add(key)  # a younger pasta says nothing of it
        if complaint and pasta.may_not_open_tun(complaint) and not ports:
            # The container has no network then, which the start says; a port that was asked for must not be lost so.
            return Attached(0)
        if complaint:
            raise _failure(complaint, ports)
        if call.pid_file is None:
            write_pid(pid_file, _find_server(self.namespace(key)))
        pid = read_pid(pid_file)
        self._watch(key, pid)
        return Attached(pid)

    async def _run(self, key: str, call: pasta.PastaCall) -> str:
        """What it complained of, "" when it runs."""
        self._unsure.add(key)
        done = await self._keeper.run(call.argv(), env=runtime_environment(), timeout=20)
        self._unsure.discard(key)
        return pasta.clean_errors(done.stderr) or "pasta failed" if done.code != 0 else ""

    async def disconnect(self, key: str) -> None:
        """End the pasta of a namespace and wait until its ports are free."""
        self._forget(key)
        self._stand_ins.discard(key)
        if pid := self.running(key):
            await _end(pid)
        if key in self._unsure:
            for _ in range(_MOST_OF_ONE):
                if pid := _find_server(self.namespace(key)):
                    await _end(pid)
            self._unsure.discard(key)

    def running(self, key: str) -> int:
        """The pasta of a namespace, 0 for none: a pid counts only if it is a pasta on our namespace."""
        pid = read_pid(self._pid_file(key))
        return pid if pid and serves(pid, self.namespace(key)) else 0

    def is_offline(self, key: str) -> bool:
        """Whether its way out leads nowhere, for want of a network when it began."""
        return key in self._stand_ins

    def adopt(self, key: str, *, was_offline: bool = False) -> int:
        """Watch a pasta that an earlier engine started."""
        pid = self.running(key)
        if pid:
            self._watch(key, pid)
            if was_offline or pasta.is_without_route(Path(f"/proc/{pid}/cmdline").read_bytes()):
                self._stand_ins.add(key)
        return pid

    async def renew_stand_ins(self) -> None:
        """The host has a route again: those that were started without one are lost, and come back with it."""
        for key in tuple(self._stand_ins) if self._stand_ins and routes.leads_out() else ():
            await self.disconnect(key)
            self._lost(key)

    def is_watched(self, key: str) -> bool:
        """Whether its pasta lives, as far as anybody has told."""
        return key in self._watched

    async def close(self) -> None:
        for key in tuple(self._watched):
            self._forget(key)
        await self.behind.settled()

    async def prepare(self, key: str) -> None:
        """The directory the pid file is in."""
        await self._keeper.execute([MakeDirectory(path=self._pid_file(key).parent)])

    def _api_socket(self, key: str) -> Path:
        """A socket's path may have 107 bytes; the container's own directory is longer than that."""
        return self._paths.inside / f"slirp-{key[:16]}"

    def _pid_file(self, key: str) -> Path:
        return self._paths.container(key) / "pasta.pid"

    def _watch(self, key: str, pid: int) -> None:
        self._forget(key)
        with contextlib.suppress(OSError):
            fd = os.pidfd_open(pid)
            self._watched[key] = fd
            asyncio.get_running_loop().add_reader(fd, self._lost, key)

    def _forget(self, key: str) -> None:
        fd = self._watched.pop(key, -1)
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    def _lost(self, key: str) -> None:
        self._forget(key)
        self._on_lost(key)


def read_pid(path: Path) -> int:
    try:
        return int(path.read_text().strip() or "0")
    except (OSError, ValueError):
        return 0


def remove_socket(path: Path) -> None:
    path.unlink(missing_ok=True)


def write_pid(path: Path, pid: int) -> None:
    path.write_text(str(pid))


def serves(pid: int, netns: Path) -> bool:
    """Whether a process is a pasta started for this namespace (a pid alone may be anybody's by now)."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(netns) in words


def _find_server(netns: Path) -> int:
    """The pasta of a namespace, by looking at every process; 0 for none."""
    found = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return next((pid for pid in found if serves(pid, netns)), 0)


async def _end(pid: int) -> None:
    with contextlib.suppress(OSError):  # gone, or a stranger's that only looks like one
        fd = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(fd, signal.SIGTERM)
            if not await _readable(fd, _END_SECONDS):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
                await _readable(fd, _END_SECONDS)
        finally:
            os.close(fd)


async def _readable(fd: int, seconds: float) -> bool:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        async with asyncio.timeout(seconds):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(fd)
    return True


def _failure(text: str, ports: Sequence[PortMapping]) -> Exception:
    if pasta.may_not_open_tun(text):
        return HostError(
            "The container has no way to publish its ports",
            "pasta may not open /dev/net/tun.",
            hint=_OPEN_TUN,
            details=text,
            subject="pasta",
        )
    number = pasta.failed_port(text)
    for port in ports:
        if port.host_port == number or (not number and "bind" in text.lower() and holder_of(port)):
            return refusal(port, _EADDRINUSE)
    return RuntimeFailure("The container's network could not be set up", text.strip().splitlines()[-1] if text else "",
                          details=text)  # fmt: skip


def missing_network(network: str) -> list[str]:
    """What somebody should know whose container will have no way out. (Started by root, there always is a node.)"""
    if network in ("none", "host") or is_shared(network) or os.getuid() == 0 or _may_open_tun():
        return []
    return [f"The container has no network: /dev/net/tun may not be opened. {_OPEN_TUN}"]


def _may_open_tun() -> bool:
    return os.access("/dev/net/tun", os.R_OK | os.W_OK)


def host_address() -> str:
    """The address a container has: with pasta that from which this host talks to the world. "" without a route."""
    if found := stand_in():
        return found.address
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((probe, 9))  # a datagram socket sends nothing by connecting
            return str(trial.getsockname()[0])
    return ""


def dns_forwarder() -> str:
    """Inside a container: who passes questions on to the host's own resolver."""
    found = stand_in()
    return found.dns if found is not None else pasta.FORWARDED_DNS
