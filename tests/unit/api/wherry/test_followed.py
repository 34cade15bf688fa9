"""What takes time, below `/wherry`: its steps as they go on, its end, and a client that leaves before it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.errors import InvalidRequest, RuntimeFailure
from engine.types.data import now
from engine.types.machines import Moved
from engine.types.manifests import PlayManifests, TakeManifestsDown
from engine.types.operations import Operation, OperationState, StepProgress
from engine.types.projects import BuildProject, DownProject, PullProject, ReadProject, UpProject, WatchProject
from engine.types.swarm import DeployStack
from tests.unit.api.serving import Played, until

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

SOURCE = ReadProject(files=("/p/compose.yaml",))
FILES = {"source": {"files": ["/p/compose.yaml"]}}
TEXTS = {"a.yaml": "kind: Pod"}


def state(*steps: StepProgress, **more: Any) -> Operation:
    return Operation(
        id="o", kind="up", title="", subject="", state=OperationState.RUNNING, started=now(), steps=steps, **more
    )


def step(name: str, at: Any = "waiting") -> StepProgress:
    return StepProgress(id=name, action="create", subject=name, state=at)


FOLLOWED = [
    ("projects/up", FILES, "projects.up", {"request": UpProject(source=SOURCE)}),
    ("projects/down", {"name": "p", "volumes": True}, "projects.down",
     {"request": DownProject(name="p", volumes=True)}),
    ("projects/build", FILES, "projects.build", {"request": BuildProject(source=SOURCE)}),
    ("projects/pull", FILES, "projects.pull", {"request": PullProject(source=SOURCE)}),
    ("projects/watch", FILES, "projects.watch", {"request": WatchProject(source=SOURCE)}),
    ("projects/p/roll-back", None, "projects.roll_back", {"name": "p"}),
    ("manifests/play", {"texts": TEXTS}, "manifests.play", {"request": PlayManifests(texts=TEXTS)}),
    ("manifests/down", {"texts": TEXTS}, "manifests.down", {"request": TakeManifestsDown(texts=TEXTS)}),
    ("swarm/deploy", {"stack": {"name": "s", **FILES}}, "swarm.deploy",
     {"request": DeployStack(name="s", source=SOURCE)}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "verb", "asked"), FOLLOWED)
async def test_each_step_is_told_as_it_changes_and_then_the_end(
    api: Served, path: str, body: Any, verb: str, asked: dict[str, Any]
) -> None:
    states = (
        state(step("a"), step("b")),
        state(step("a", "running"), step("b")),
        state(step("a", "running"), step("b")),
        state(step("a", "done"), step("b", "done")),
    )
    heard = api.hear(verb, Played(*states, ends="p"))
    reply = await api.ask("POST", f"/wherry/{path}", body)
    told = [("a", "waiting"), ("b", "waiting"), ("a", "running"), ("a", "done"), ("b", "done")]
    lines = reply.lines()
    assert [(line["step"]["id"], line["step"]["state"]) for line in lines[:-1]] == told
    assert lines[0] == {"step": json.loads(msgspec.json.encode(step("a")))}
    assert lines[-1] == {"done": "p"}
    assert heard == [asked]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (InvalidRequest("It is wrong", "In line 3.", details="more"),
         {"error": "It is wrong. In line 3.", "details": "more"}),
        (RuntimeFailure("It is wrong", "In line 3.", docker="wrong"),
         {"error": "It is wrong. In line 3.", "details": ""}),
        (RuntimeFailure("wrong", docker="wrong"), {"error": "wrong.", "details": ""}),
    ],
)  # fmt: skip
async def test_why_it_failed_is_the_last_line(api: Served, error: Exception, last: dict[str, str]) -> None:
    played = Played(state(step("a")), ends=error)
    api.hear("projects.up", played)
    lines = (await api.ask("POST", "/wherry/projects/up", FILES)).lines()
    assert lines[1:] == [last]
    assert not played.cancelled.is_set(), "it has ended"
    move = Played(state(), ends=error)
    api.hear("machines.carry_out", move)
    lines = (await api.ask("POST", "/wherry/machines/carry", {"kind": "image", "name": "n"})).lines()
    assert lines[1:] == [last]


async def test_how_far_a_move_is_is_told_and_what_came_of_it(api: Served) -> None:
    states = state(status="looking", done=0, total=9), state(status="sending", done=5, total=9)
    heard = api.hear("machines.carry_out", Played(*states, ends="moved"))
    body = {"kind": "image", "name": "n", "target": "there"}
    lines = (await api.ask("POST", "/wherry/machines/carry", body)).lines()
    assert lines == [
        {"progress": {"status": "looking", "done": 0, "total": 9}},
        {"progress": {"status": "sending", "done": 5, "total": 9}},
        {"result": "moved"},
    ]
    assert heard == [{"request": Moved(kind="image", name="n", target="there")}]


@pytest.mark.parametrize(
    ("path", "body", "verb"),
    [
        ("projects/up", FILES, "projects.up"),
        ("projects/watch", FILES, "projects.watch"),
        ("machines/carry", {"kind": "image", "name": "n"}, "machines.carry_out"),
    ],
)
async def test_who_leaves_before_the_end_cancels_what_was_begun(api: Served, path: str, body: Any, verb: str) -> None:
    played = Played(state(step("a")), ends=None)
    api.hear(verb, played)
    reader, writer = await api.connect()
    sent = json.dumps(body).encode()
    head = (
        f"POST /wherry/{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
    )
    writer.write(head.encode() + b"\r\n" + sent)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    writer.close()
    await asyncio.wait_for(played.cancelled.wait(), 30)
    await until(lambda: api.server.idle_seconds > 0)
