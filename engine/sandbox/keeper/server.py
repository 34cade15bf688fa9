"""The keeper's loop: take requests, do the short ones, fork for the long ones, report what ended."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from engine.sandbox.keeper import kernel, mounting, namespaces, networks, spawning, wire
from engine.sandbox.keeper.requests import Reply, Request, answer, describe

if TYPE_CHECKING:
    from engine.sandbox.keeper.requests import Handler


def main(fd: int) -> None:
    """Never returns."""
    channel = socket.socket(fileno=fd)
    channel.set_inheritable(False)
    os.umask(0o022)
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    received = wire.receive(channel)
    if received is None:
        sys.exit(1)
    config = received[0]
    if config["host_root"]:
        # The namespaces of an earlier keeper may not show where this program is: have all of it before entering.
        for module in {module for module, _ in _LONG.values()}:
            importlib.import_module(f"engine.sandbox.keeper.{module}")
    try:
        entered = namespaces.enter(config)
    except namespaces.SetupError as error:
        wire.send(channel, {"failed": error.stage, "text": error.text, "errno": error.number})
        sys.exit(1)
    except OSError as error:
        wire.send(channel, {"failed": "directories", "text": str(error), "errno": error.errno or 0})
        sys.exit(1)
    spawning.use_limits(*config["open_files"])
    with contextlib.suppress(OSError):
        # One for all that runs here, and not the user's. A key ring for each container would be one of two hundred.
        kernel.join_new_keyring()
    # Nothing made here is for others; what belongs to a tree of a container is given its mode where it is made.
    os.umask(0o077)
    Server(channel, config, entered).serve()


_NOBODYS = -1
"""The number of a request that nobody made."""


class Server:
    def __init__(self, channel: socket.socket, config: dict[str, Any], entered: namespaces.Namespaces) -> None:
        self._channel = channel
        self._config = config
        self._entered = entered
        self._workers: dict[int, int] = {}
        """pid → the number of the request it works on."""
        self._spare = networks.Spare()

    def serve(self) -> None:
        wake_read, wake_write = os.pipe()
        for fd in (wake_read, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        wire.send(self._channel, {"ready": os.getpid(), **vars(self._entered)})
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        while True:
            ready = poll.poll(self._spare.patience)
            if not ready and self._spare.patience is not None:
                self._make_spare(poll)
            for fd, _event in ready:
                if fd == wake_read:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake_read, 4096)
                    self._reap()
                elif fd != self._channel.fileno():
                    poll.unregister(fd)
                    self._spare.collect()
                elif not self._take():
                    os._exit(0)

    def _take(self) -> bool:
        """Handle one frame; False once the engine is gone (workers then die with us by PDEATHSIG)."""
        received = wire.receive(self._channel)
        if received is None:
            return False
        message, fds = received
        if "op" not in message:  # it came without its descriptors
            wire.send(self._channel, message)
            return True
        request = Request(message.pop("id"), message, fds, self._channel)
        try:
            self._dispatch(request, message.pop("op"))
        except BrokenPipeError:
            return False
        finally:
            wire.close_all(fds)
        return True

    def _dispatch(self, request: Request, op: str) -> None:
        if op == "close":
            self._close(request)
        elif op == "cancel":
            self._cancel(request)
        elif op == "create_netns":
            self._create_netns(request)
        elif op in _SHORT:
            answer(request, _SHORT[op])
        elif op in _LONG:
            # Imported here, once, so that the forked workers find it ready.
            module, function = _LONG[op]
            handler: Handler = getattr(importlib.import_module(f"engine.sandbox.keeper.{module}"), function)
            self._fork(request, handler)
        else:
            wire.send(self._channel, {"id": request.number, "error": {"kind": "bug", "text": f"unknown op {op!r}"}})

    def _create_netns(self, request: Request) -> None:
        try:
            if request.is_repeated:
                networks.remove(request)
            used = self._spare.use(request)
        except OSError as error:
            wire.send(self._channel, {"id": request.number, "error": describe(error)})
            return
        if used:
            wire.send(self._channel, {"id": request.number, "ok": {}})
        else:
            self._fork(request, networks.create)

    def _make_spare(self, poll: select.poll) -> None:
        theirs = self._spare.expect()
        assert self._spare.awaited is not None
        poll.register(self._spare.awaited, select.POLLIN)
        # Nobody waits for an answer to it: what came of it is read from the socket, if only its end.
        self._fork(Request(_NOBODYS, {}, [], theirs), networks.hand_over)
        theirs.close()

    def _fork(self, request: Request, handler: Handler) -> None:
        keeper = os.getpid()
        pid = os.fork()
        if pid:
            self._workers[pid] = request.number
            return
        status = 1
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            # A worker ends soon and keeps what it makes until then: looking for cycles is time lost.
            gc.disable()
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if os.getppid() == keeper:
                answer(request, handler)
                status = 0
        finally:
            os._exit(status)

    def _cancel(self, request: Request) -> None:
        for pid, number in self._workers.items():
            if number == request.arguments["target"]:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            number = self._workers.pop(pid, None)
            if pid == self._entered.pin:
                # With no room to write a new one down, we ourselves keep the namespaces.
                with contextlib.suppress(OSError):
                    namespaces.renew_pin(self._config, self._entered)
            elif number is None:
                wire.send(self._channel, {"event": "exit", "pid": pid, "status": code})
            elif code != 0 and number != _NOBODYS:
                error = {"kind": "worker", "text": f"the worker ended with {code}"}
                wire.send(self._channel, {"id": number, "error": error})

    def _close(self, request: Request) -> None:
        """The engine goes. Namespaces in which nothing of ours is mounted and nobody else lives go too."""
        ours = tuple(self._config["own_mounts"])
        mounted = any(each["target"].startswith(ours) for each in mounting.mounts())
        if not mounted:
            namespaces.release(self._config, self._entered)
        wire.send(self._channel, {"id": request.number, "ok": {"released": not mounted}})
        os._exit(0)


# --- the short ones ---


def _spawn(request: Request) -> Reply:
    pid = spawning.spawn(request.arguments, request.fds)
    return Reply({"pid": pid}, [os.pidfd_open(pid)])


def _execute(request: Request) -> None:
    mounting.execute(request.arguments["plan"], repeated=request.is_repeated)


def _mounts(request: Request) -> Reply:
    return Reply({"mounts": mounting.mounts(request.arguments["within"])}, [])


def _ping(_request: Request) -> None:
    """Nothing, to see that the loop turns."""


_SHORT: dict[str, Handler] = {
    "spawn": _spawn,
    "execute": _execute,
    "mounts": _mounts,
    "remove_netns": networks.remove,
    "ping": _ping,
}

_LONG = {
    "unpack": ("unpacking", "unpack"),
    "pack": ("packing", "pack"),
    "copy_tree": ("trees", "copy_tree"),
    "remove_tree": ("trees", "remove_tree"),
    "remove_trees": ("trees", "remove_trees"),
    "tree_size": ("trees", "tree_size"),
    "sync": ("verifying", "sync"),
    "verify_layer": ("verifying", "verify_layer"),
    "list_directory": ("files", "list_directory"),
    "stat": ("files", "stat_entry"),
    "open_file": ("files", "open_file"),
    "write_file": ("files", "write_file"),
    "rename": ("files", "rename"),
    "make_directory": ("files", "make_directory"),
    "remove": ("files", "remove"),
    "real_path": ("files", "real_path"),
}
"""op → (module, function): work that may take long, or that touches file systems which may hang."""
