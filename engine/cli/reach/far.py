"""The client of another machine's engine: the same verbs, over a socket of this computer, ssh or TLS."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from engine.cli.reach.wire import Client, Failed, Unreachable
from engine.machines.address import BadAddress, parse

if TYPE_CHECKING:
    import _socket
    import ssl
    from collections.abc import Mapping

    from engine.cli.reach.wire import Answer
    from engine.machines.machine_list import Entry
    from engine.processes.ssh_program import SshProgram

_CONNECT_SECONDS = 10.0
_PIECE = 1 << 16
_NEWEST, _OLDEST = (1, 50), (1, 24)


class FarClient(Client):
    """Dials anew for each request; over ssh that is one word on the kept connection."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.address)
        self.entry = entry
        self.is_own = False
        try:
            self._address = parse(entry.address, tls=entry.tls)
        except BadAddress as error:
            raise Failed(0, f"{entry.name}: {error}") from None
        self._programs: list[SshProgram] = []
        self._asked = False
        self._kind = ""

    def connect(self) -> _socket.socket:
        if not self._asked:
            self._asked = True
            self._agree()
        return self._dial()

    def _agree(self) -> None:
        """The newest version both sides speak."""
        answer = self.send("GET", "/_ping")
        answer.read()
        major, _, minor = answer.headers.get("api-version", "").partition(".")
        if major.isdigit() and minor.isdigit():
            version = max(_OLDEST, min(_NEWEST, (int(major), int(minor))))
            self.api = f"/v{version[0]}.{version[1]}"

    def ask(self, method: str, path: str, values: Mapping[str, object] | None = None, **more: Any) -> Answer:
        """What only a Wherry has is asked of one only."""
        if path.startswith("/wherry/") and not self._is_wherry():
            raise Failed(
                404,
                f"{self.entry.name} runs {self._kind.capitalize()}, which does not know this: it takes a Wherry there",
            )
        return super().ask(method, path, values, **more)

    def _is_wherry(self) -> bool:
        if not self._kind:
            self._kind = kind_of(self.get("/version"))
        return self._kind == "wherry"

    def broke_off(self) -> Failed:
        """No answer came: over ssh its complaint says why."""
        if self._programs:
            from engine.machines.ssh_line import complaint_of

            program = self._programs[-1]
            complaint = complaint_of(program.complaint(), self._address, self.entry.through)
            return Failed(0, ". ".join(word.rstrip(".") for word in complaint[:3] if word))
        return super().broke_off()

    def _dial(self) -> _socket.socket:
        try:
            ways = {"unix": self._over_a_socket, "ssh": self._over_ssh, "tcp": self._over_tcp}
            return ways[self._address.scheme]()
        except OSError as error:
            raise Unreachable(self._why(error)) from None

    def _why(self, error: OSError) -> str:
        if self.entry.tls:
            from engine.machines.tls import told

            if about := told(error, self._address.place, has_own=bool(self.entry.certificate)):
                return f"{about.title}. {about.explanation}"
        return f"{self.entry.address}: {error.strerror or error}"

    def _over_a_socket(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(self._address.path)
        except OSError:
            connection.close()
            raise
        return connection

    def _over_ssh(self) -> socket.socket:
        from engine.cli.reach.socket_place import made_run_directory
        from engine.machines.ssh_line import ssh_argv
        from engine.processes.ssh_program import SshProgram

        kept = os.path.join(made_run_directory(), "ssh")
        os.makedirs(kept, mode=0o700, exist_ok=True)
        program = SshProgram(ssh_argv(self._address, self.entry.through, kept))
        self._programs.append(program)
        return program.socket

    def _over_tcp(self) -> socket.socket:
        connection = socket.create_connection((self._address.host, self._address.port), _CONNECT_SECONDS)
        if not self.entry.tls:
            connection.settimeout(None)
            return connection
        from engine.machines.tls import context_for

        try:
            wrapped = context_for(self.entry).wrap_socket(connection, server_hostname=self._address.host)
        except BaseException:
            connection.close()
            raise
        wrapped.settimeout(None)
        return _relayed(wrapped)


def kind_of(version: Mapping[str, Any]) -> str:
    """Whose engine gave this answer to `/version`: "wherry", "podman" or "docker"."""
    names = [str((version.get("Platform") or {}).get("Name", ""))]
    names += [str(each.get("Name", "")) for each in version.get("Components") or ()]
    said = " ".join(names).lower()
    return next((kind for kind in ("wherry", "podman") if kind in said), "docker")


def _relayed(far: ssl.SSLSocket) -> socket.socket:
    """A plain socket for what the verbs do with one; a thread carries the bytes through TLS."""
    import threading

    near, ours = socket.socketpair()
    threading.Thread(target=_carry, args=(near, far), daemon=True).start()
    return ours


def _carry(near: socket.socket, far: ssl.SSLSocket) -> None:
    """One thread for both ways: a TLS connection is not read and written at once."""
    import select

    sources: list[socket.socket] = [near, far]
    with near, far:
        while True:
            ready = [far] if far.pending() else select.select(sources, (), ())[0]
            try:
                if near in ready:
                    if not (data := near.recv(_PIECE)):
                        sources.remove(near)
                    far.sendall(data)
                if far in ready:
                    if (came := _received(far)) == b"":
                        return
                    near.sendall(came or b"")
            except OSError:
                return


def _received(far: ssl.SSLSocket) -> bytes | None:
    """None where what came was TLS's own, as a ticket for another session: to wait for more would keep back what is to
    be sent, for which the other side waits."""
    from ssl import SSLWantReadError

    far.setblocking(False)  # noqa: FBT003 - its name says what
    try:
        return far.recv(_PIECE)
    except SSLWantReadError:
        return None
    finally:
        far.setblocking(True)  # noqa: FBT003
