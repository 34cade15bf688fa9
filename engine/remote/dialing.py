"""New connections to a machine: a socket of this computer, TCP with or without TLS, or the system's ssh."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import BaseConnector, ClientConnectionError, ClientPayloadError, ServerDisconnectedError

from engine.errors import Code, MachineError
from engine.machines import tls
from engine.machines.address import BadAddress, parse
from engine.machines.ssh_line import complaint_of, control_argv, control_path, ssh_argv
from engine.processes.ssh_program import SshProgram, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientRequest
    from aiohttp.client_proto import ResponseHandler

    from engine.machines.machine_list import Entry

CONNECT_SECONDS = 15.0
_END_SECONDS = 0.3
_CODES = {
    "host-key": Code.TLS,
    "login": Code.UNAUTHORIZED,
    "unknown-host": Code.DNS,
    "unreachable": Code.TIMEOUT,
    "no-engine": Code.NOT_FOUND,
}


class Dialer:
    """Opens them; knows why one did not come about."""

    def __init__(self, entry: Entry, control_directory: str) -> None:
        try:
            self.address = parse(entry.address, tls=entry.tls)
        except BadAddress as error:
            raise MachineError(f"“{entry.name}” cannot be reached", f"{error}.", subject=entry.name) from None
        self.entry = entry
        self.control_directory = control_directory
        self._programs: dict[int, SshProgram] = {}
        self._last: SshProgram | None = None
        self._of: weakref.WeakKeyDictionary[asyncio.BaseTransport, SshProgram] = weakref.WeakKeyDictionary()

    async def open(self, protocol: Callable[[], asyncio.BaseProtocol]) -> Any:
        """Transport and protocol, as the loop gives them. Raises OSError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            if self.address.scheme == "unix":
                return await loop.create_unix_connection(protocol, self.address.path)
            if self.address.scheme == "ssh":
                program = await self._start_ssh()
                transport, made = await loop.create_unix_connection(protocol, sock=program.socket)
                self._of[transport] = program
                return transport, made
            context = await asyncio.to_thread(tls.context_for, self.entry) if self.entry.tls else None
            transport, made = await loop.create_connection(
                protocol, self.address.host, self.address.port, ssl=context
            )  # fmt: skip
            _notice_death(transport.get_extra_info("socket"))
            return transport, made

    async def _start_ssh(self) -> SshProgram:
        if self.control_directory:
            os.makedirs(self.control_directory, mode=0o700, exist_ok=True)
        argv = ssh_argv(self.address, self.entry.through, self.control_directory)
        program = await asyncio.to_thread(SshProgram, argv)
        descriptor = os.pidfd_open(program.pid)
        loop = asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self._programs.pop(descriptor, None)
            program.ended()

        loop.add_reader(descriptor, ended)
        self._programs[descriptor] = program
        self._last = program
        return program

    async def cut_off(self, transport: asyncio.BaseTransport) -> MachineError | None:
        """Of a connection that has ended: why, if that was not how it should end."""
        program = self._of.get(transport)
        if program is None or not await asyncio.to_thread(program.was_cut, _END_SECONDS):
            return None
        return await self.why(EOFError())

    def renounce(self) -> None:
        """The kept connection hangs: the next one is to be new."""
        path = control_path(self.address, self.control_directory) if self.address.scheme == "ssh" else ""
        with contextlib.suppress(OSError):
            if path:
                os.unlink(path)

    async def why(self, error: BaseException) -> MachineError:
        """A failure to connect, or a connection that ended before it said anything, in a sentence."""
        if self._last is not None and isinstance(error, (ClientConnectionError, OSError, EOFError)):
            said = await asyncio.to_thread(self._last.complaint)
            if isinstance(error, TimeoutError) and not said:
                return self._plainly(error)
            complaint = complaint_of(said, self.address, self.entry.through)
            return MachineError(
                complaint.title, complaint.explanation, hint=complaint.hint, details=said,
                code=_CODES.get(complaint.kind, Code.CONNECT), subject=self.entry.name,
            )  # fmt: skip
        return self._plainly(error)

    def _plainly(self, error: BaseException) -> MachineError:
        place = self.address.place
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        if isinstance(error, TimeoutError):
            return MachineError(f"{place} does not answer", "It may be off, asleep or busy.", code=Code.TIMEOUT)
        about_tls = tls.told(cause, place, has_own=bool(self.entry.certificate)) if isinstance(cause, OSError) else None
        if about_tls is not None:
            return MachineError(*about_tls, code=Code.TLS, details=str(cause), subject=self.entry.name)
        if isinstance(cause, FileNotFoundError):
            return MachineError(f"There is no engine at {place}", "There is no such socket.", code=Code.NOT_FOUND)
        if isinstance(cause, PermissionError):
            return MachineError(f"You may not use {place}", "It belongs to another user.", code=Code.FORBIDDEN)
        if isinstance(cause, ConnectionRefusedError):
            return MachineError(f"No engine listens at {place}", "The connection was refused.", code=Code.CONNECT)
        words = (cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)) or type(
            error
        ).__name__
        if isinstance(error, (ClientPayloadError, ServerDisconnectedError)):
            words = "It ended before all was said."
        return MachineError(f"The connection to {place} broke off", words, code=Code.CONNECT, details=repr(error))

    async def close(self) -> None:
        """End every connection, and the kept one."""
        if self.address.scheme != "ssh":
            return
        if self.control_directory:
            await asyncio.to_thread(tell, control_argv(self.address, self.control_directory, "exit"))
        loop = asyncio.get_running_loop()
        for descriptor, program in [*self._programs.items()]:
            loop.remove_reader(descriptor)
            with contextlib.suppress(OSError):
                os.close(descriptor)
            await asyncio.to_thread(program.close)
        self._programs.clear()


def _notice_death(line: Any) -> None:
    """As ssh does: a machine that says nothing to three questions is gone."""
    for option, seconds in ((socket.TCP_KEEPIDLE, 15), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 3)):
        line.setsockopt(socket.IPPROTO_TCP, option, seconds)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


class DialConnector(BaseConnector):
    """aiohttp's connections, dialled by us."""

    def __init__(self, dialer: Dialer, *, limit: int) -> None:
        super().__init__(limit=limit, keepalive_timeout=30.0)
        self._dialer = dialer

    async def _create_connection(self, req: ClientRequest, traces: list[Any], timeout: Any) -> ResponseHandler:
        del req, traces, timeout
        handler: Callable[[], ResponseHandler] = partial(self._factory)
        _, protocol = await self._dialer.open(handler)
        made: ResponseHandler = protocol
        return made
