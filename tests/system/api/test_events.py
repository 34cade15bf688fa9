"""`docker events` tells what dockerd tells of the same acts: actions, order and attributes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from tests.system.api.conftest import Tool


async def _events(docker: Tool, since: float, *filters: str) -> list[dict[str, Any]]:
    words = [word for each in filters for word in ("--filter", each)]
    moments = ("--since", f"{since:.6f}", "--until", f"{time.time():.6f}")
    told = await docker("events", *moments, *words, "--format", "{{json .}}")
    return [json.loads(line) for line in told.splitlines()]


def _actions(events: list[dict[str, Any]]) -> list[str]:
    return [f"{event['Type']} {event['Action']}" for event in events]


_UNTIL_TOLD = "trap 'exit 0' USR1; while :; do sleep 0.05; done"


async def test_the_events_of_one_container_s_life(docker: Tool) -> None:
    since = time.time()
    await docker("run", "-d", "--name", "c1", "-v", "vol:/v", "-l", "a=b", IMAGE, "sh", "-c", _UNTIL_TOLD)
    await docker("exec", "c1", "sh", "-c", "exit 3", code=3)
    await docker("top", "c1")
    await docker("cp", "c1:/etc/passwd", "-")
    await docker("pause", "c1")
    await docker("unpause", "c1")
    await docker("rename", "c1", "c2")
    await docker("commit", "-m", "hi", "c2", "made")
    await docker("kill", "-s", "USR1", "c2")
    await docker("wait", "c2")
    await docker("rm", "c2")
    events = await _events(docker, since)
    assert _actions(events) == [
        "volume create", "container create", "volume mount", "network connect", "container start",
        "container exec_create: sh -c exit 3", "container exec_start: sh -c exit 3", "container exec_die",
        "container top", "container archive-path", "container pause", "container unpause", "container rename",
        "container pause", "container unpause", "image create", "image tag", "container commit",
        "container kill", "network disconnect", "volume unmount", "container die", "container destroy",
    ]  # fmt: skip
    told = {event["Action"]: event["Actor"]["Attributes"] for event in events}
    container = next(event for event in events if event["Action"] == "start")
    assert container["Actor"]["Attributes"] == {"image": IMAGE, "name": "c1", "a": "b"}
    mounted = next(event for event in events if event["Action"] == "mount")
    assert mounted["Actor"] == {
        "ID": "vol",
        "Attributes": {
            "container": container["Actor"]["ID"],
            "destination": "/v",
            "driver": "local",
            "propagation": "",
            "read/write": "true",
        },
    }
    joined = next(event for event in events if event["Type"] == "network")
    assert joined["Actor"]["Attributes"] == {
        "container": container["Actor"]["ID"],
        "name": "bridge",
        "type": "bridge",
    }
    run, died = told["exec_start: sh -c exit 3"], told["exec_die"]
    assert (died["execID"], died["exitCode"]) == (run["execID"], "3")
    assert told["exec_create: sh -c exit 3"]["execID"] == run["execID"]
    assert told["kill"]["signal"] == "10"
    made = (await docker("inspect", "-f", "{{.Id}}", "made")).strip()
    assert {key: told["commit"][key] for key in ("comment", "imageID", "imageRef")} == {
        "comment": "hi",
        "imageID": made,
        "imageRef": "made:latest",
    }


async def test_attach_and_resize_are_told(docker: Tool) -> None:
    await docker("run", "-dit", "--name", "c1", IMAGE, "sh")
    since = time.time()
    async with docker.terminal("attach", "c1", rows=20, columns=70) as terminal:
        terminal.type("echo a$((1+1))b\r")
        await terminal.until("a2b")
        terminal.type("\x10\x11")
        assert await terminal.code() == 1, "as with dockerd"
    events = await _events(docker, since, "container=c1", "type=container")
    actions = _actions(events)
    assert actions[0] == "container attach"
    sizes = [event["Actor"]["Attributes"] for event in events if event["Action"] == "resize"]
    assert ("20", "70") in {(each["height"], each["width"]) for each in sizes}


async def test_the_events_of_an_image(docker: Tool) -> None:
    image = (await docker("inspect", "-f", "{{.Id}}", IMAGE)).strip()
    since = time.time()
    await docker("tag", IMAGE, "other:1")
    await docker("save", "-o", str(docker.directory / "image.tar"), "other:1")
    await docker("rmi", "other:1")
    events = await _events(docker, since, "type=image")
    assert _actions(events) == ["image tag", "image save", "image untag"]
    assert {event["Actor"]["ID"] for event in events} == {image}
    assert [event["Actor"]["Attributes"]["name"] for event in events] == ["other:1", image, image]


async def test_between_two_tries_it_is_restarting_and_running(docker: Tool) -> None:
    """Never "created" or not running, whenever one looks."""
    await docker("run", "-d", "--name", "c1", "--restart", "on-failure", IMAGE, "sh", "-c", "sleep 0.1; exit 1")
    seen: set[str] = set()
    deadline = asyncio.get_running_loop().time() + 20
    while int(await docker("inspect", "-f", "{{.RestartCount}}", "c1")) < 4:
        seen.add((await docker("inspect", "-f", "{{.State.Status}} {{.State.Running}}", "c1")).strip())
        assert asyncio.get_running_loop().time() < deadline
    assert seen <= {"running true", "restarting true"}
    await docker("stop", "-t", "0", "c1")
