"""`exec`: announce a command, start it, resize it, ask how it ended."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import TYPE_CHECKING

import msgspec

from engine.api.docker.containers import window_size
from engine.api.docker.lookups import docker_words
from engine.api.http.detach import detach_keys
from engine.api.http.hijack import Parting, RawStream, converse, hijack
from engine.api.http.statuses import Refusal, message_of
from engine.api.shapes.bodies import ExecBody, ExecStartBody, words
from engine.errors import RuntimeFailure, WherryError
from engine.recipe.kinds.special import Environment
from engine.types.containers import Exec, State

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.api.exec_registry import Announced
    from engine.facade import ExecSession
    from engine.types.containers import Container


async def create_exec(call: Call) -> web.StreamResponse:
    body = await call.json(ExecBody)
    command = words(body.cmd)
    if not command:
        raise Refusal(400, "No exec command specified")
    container = await _running(call, call.words["id"], by_name=True)
    keys = detach_keys(body.detach_keys or "")
    rows, columns = _console(body.console_size)
    request = Exec(
        command=command,
        tty=bool(body.tty),
        stdin=bool(body.attach_stdin),
        user=body.user or "",
        workdir=body.working_dir or "",
        env=Environment().load(None, body.env or [], "Env"),
        privileged=bool(body.privileged),
        rows=rows,
        columns=columns,
    )
    announced = call.served.execs.announce(
        container.id, request, stdout=bool(body.attach_stdout), stderr=bool(body.attach_stderr), detach_keys=keys
    )
    action = f"exec_create: {' '.join(command)}"
    await call.engine.containers.tell(container.id, action, {"execID": announced.id})
    return call.answer({"Id": announced.id}, 201)


def _console(size: list[int] | None) -> tuple[int, int]:
    if size is None:
        return 0, 0
    if len(size) != 2 or not all(0 <= number < 1 << 16 for number in size):
        raise Refusal(400, "ConsoleSize must be two numbers, height and width")
    return size[0], size[1]


async def start_exec(call: Call) -> web.StreamResponse:
    body = await call.json(ExecStartBody)
    announced = call.served.execs.get(call.words["id"])
    if announced.starting or announced.session is not None or announced.exit_code is not None:
        raise Refusal(409, f"exec command {announced.id} has already run")
    await _running(call, announced.container_id)
    rows, columns = _console(body.console_size)
    if rows and columns:
        announced.request = msgspec.structs.replace(announced.request, rows=rows, columns=columns)
    detach = bool(body.detach)
    if detach:
        if announced.request.stdin:
            announced.request = msgspec.structs.replace(announced.request, stdin=False)
        session = await _begin(call, announced)
        _drain(announced, session)
        return call.empty(200)

    async def talk(raw: RawStream) -> None:
        """The connection is taken over before it is known that the command can be started: clients expect the reason
        in the stream and the exit code from the inspection."""
        try:
            session = await _begin(call, announced)
        except WherryError as error:
            await raw.send("stdout", f"{message_of(error)}\r\n".encode())
            return
        await _converse(call, announced, session, raw)

    return await hijack(call.request, tty=bool(body.tty), version=call.version, talk=talk)


async def _running(call: Call, container_id: str, *, by_name: bool = False) -> Container:
    """The container, or why no command can be run in it. Docker calls it by its id or by its name."""
    with docker_words("container", container_id):
        container = await call.engine.containers.get(container_id)
    if container.state is State.PAUSED:
        called = container.name if by_name else container.id
        raise Refusal(409, f"Container {called} is paused, unpause the container before exec")
    if container.state is State.RESTARTING:
        raise Refusal(409, f"Container {container.id} is restarting, wait until the container is running")
    if container.state not in (State.RUNNING, State.STOPPING):
        raise Refusal(409, f"container {container.id} is not running")
    return container


async def _begin(call: Call, announced: Announced) -> ExecSession:
    announced.starting = True
    request = announced.request
    try:
        session = await call.engine.containers.exec(announced.container_id, request)
    except WherryError as error:
        # What a shell says of a command that it cannot execute stands for all that keeps one from starting.
        announced.exit_code = error.exit_code if isinstance(error, RuntimeFailure) else 126
        raise
    finally:
        announced.starting = False
    call.served.execs.started(announced, session)
    if announced.request is not request:  # its terminal was resized meanwhile
        await session.resize(announced.request.rows, announced.request.columns)
    return session


async def _converse(call: Call, announced: Announced, session: ExecSession, raw: RawStream) -> None:
    request = announced.request
    parting = Parting.LEFT
    try:
        parting = await converse(
            raw,
            session,
            stdin=request.stdin,
            stdout=announced.stdout,
            stderr=announced.stderr,
            keys=announced.detach_keys if request.tty else b"",
        )
        if parting is Parting.ENDED:
            await _settle(announced)
    finally:
        if parting is Parting.DETACHED:
            _drain(announced, session)
            await call.engine.containers.tell(announced.container_id, "exec_detach", {"execID": announced.id})
        else:
            await session.close()


async def _settle(announced: Announced) -> None:
    """The client asks for the exit code as soon as the stream ends: let it be there by then."""
    pending = [task for task in announced.tasks if not task.done()]
    if pending:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asyncio.gather(*pending, return_exceptions=True)), 5.0)


def _drain(announced: Announced, session: ExecSession) -> None:
    """Nobody listens; what it writes must not fill a pipe and stop it."""

    async def drain() -> None:
        while await session.read() is not None:
            pass

    task = asyncio.get_running_loop().create_task(drain())
    announced.tasks.add(task)
    task.add_done_callback(announced.tasks.discard)


async def resize_exec(call: Call) -> web.StreamResponse:
    rows, columns = window_size(call)
    announced = call.served.execs.get(call.words["id"])
    if announced.session is None:
        # Clients resize as soon as they have asked for the start: keep it for then.
        announced.request = msgspec.structs.replace(announced.request, rows=rows, columns=columns)
    elif announced.running:
        await announced.session.resize(rows, columns)
    return call.empty(200)


async def inspect_exec(call: Call) -> web.StreamResponse:
    announced = call.served.execs.get(call.words["id"])
    request = announced.request
    return call.answer(
        {
            "ID": announced.id,
            "Running": announced.running,
            "ExitCode": announced.exit_code,
            "ProcessConfig": {
                "tty": request.tty,
                "entrypoint": request.command[0],
                "arguments": list(request.command[1:]),
                "privileged": request.privileged,
                **({"user": request.user} if request.user else {}),
            },
            "OpenStdin": request.stdin,
            "OpenStderr": announced.stderr,
            "OpenStdout": announced.stdout,
            "CanRemove": not announced.running,
            "ContainerID": announced.container_id,
            "DetachKeys": base64.b64encode(announced.detach_keys).decode(),
            "Pid": announced.session.pid if announced.session is not None else 0,
        }
    )
