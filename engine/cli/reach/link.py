"""The way to a running engine: the socket if somebody answers there, else a headless one started and waited for."""

from __future__ import annotations

import os

from engine.cli.reach.socket_place import made_run_directory, socket_path
from engine.cli.reach.wire import Client, Failed, Unreachable

# An end of the process is noticed at once; this is for machines that are slow or busy.
_START_SECONDS = 60.0
_OTHER_SECONDS = 1.5
_FIRST_LOOK_SECONDS = 0.01
_LOOK_SECONDS = 0.05


def engine() -> Client:
    """A client of the engine the command is for; of this user's own, `wherry serve` is started where none runs."""
    return far_engine() or own_engine()


def own_engine() -> Client:
    """This computer's, whichever machine the command is for."""
    client = Client(socket_path())
    try:
        client.connect().close()
    except Unreachable:
        _start(client)
    return client


def far_engine() -> Client | None:
    """Another machine's, if `-H`, `--context` or an earlier `wherry context use` says so."""
    from engine.machines.choosing import Unknown, chosen_machine

    try:
        entry = chosen_machine()
    except Unknown as error:
        raise Failed(0, str(error)) from None
    if entry is None:
        return None
    from engine.cli.reach.far import FarClient

    return FarClient(entry)


def running_engine() -> Client | None:
    """Only one that is there already."""
    if far := far_engine():
        return far
    client = Client(socket_path())
    try:
        client.connect().close()
    except Unreachable:
        return None
    return client


def _start(client: Client) -> None:
    import time

    from engine.cli.serve import start_in_background

    log = os.path.join(made_run_directory(), "serve.log")
    client.path = socket_path()
    process = start_in_background(log)
    deadline = time.monotonic() + _START_SECONDS
    pause, ended = _FIRST_LOOK_SECONDS, False
    while time.monotonic() < deadline:
        try:
            client.connect().close()
        except Unreachable:
            pass
        else:
            return
        if not ended and _ended(process):
            # Another one may have been quicker to take the store, and answers a moment after that.
            ended, deadline = True, min(deadline, time.monotonic() + _OTHER_SECONDS)
        time.sleep(pause)
        pause = _LOOK_SECONDS
    if ended:
        raise Failed(0, f"the engine could not be started:\n{_tail(log)}")
    raise Failed(0, f"the engine did not answer on {client.path} within {_START_SECONDS:.0f} seconds; see {log}")


def _ended(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] != 0


def _tail(log: str) -> str:
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-12:]).rstrip() or f"it said nothing (see {log})"
    except OSError as error:
        return str(error)
