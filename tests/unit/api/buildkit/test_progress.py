"""A build's progress and the reports about a Dockerfile, in BuildKit's words. Pure."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from engine.api.buildkit import progress
from engine.api.buildkit.faults import (
    refused,
)
from engine.api.buildkit.progress import Board, stamp
from engine.api.buildkit.results.reports import metadata_of, needs_a_plan, rule_url, warnings_of
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.types.builds import (
    Build,
    BuildOutput,
    BuildStep,
    RecipeArgument,
    RecipeNeed,
    RecipeReport,
    RecipeTarget,
    RecipeWarning,
    StepState,
)

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)

# --- progress ---


def step(
    number: int, instruction: str = "RUN x", stage: str = "0", state: StepState = StepState.WAITING, **more: Any
) -> BuildStep:
    return BuildStep(
        id=f"s{number}", stage=stage, number=number, total=9, instruction=instruction, line=number, state=state, **more
    )


def built(*steps: BuildStep, **more: Any) -> Build:
    return Build(id="b", context="", dockerfile="", tags=(), started=MOMENT, steps=steps, **more)


def vertexes(board: Board) -> list[wire.Vertex]:
    return [vertex for response in board.said for vertex in response.vertexes]


def test_the_steps_of_a_stage_are_counted_and_what_only_notes_something_is_none() -> None:
    board = Board("ref")
    instructions = ("FROM alpine", "ENV A=1", "run a", "COPY a b", "WORKDIR /a", "ADD a b", "CMD a", "EXPOSE 80")
    board.steps(built(*(step(number, each) for number, each in enumerate(instructions, 1))))
    assert [each.name for each in vertexes(board)] == [
        "[1/5] FROM alpine", "[2/5] run a", "[3/5] COPY a b", "[4/5] WORKDIR /a", "[5/5] ADD a b",
    ]  # fmt: skip


def test_stages_are_told_apart_and_from_one_another_is_no_image() -> None:
    board = Board("ref")
    board.steps(
        built(
            step(1, "FROM --platform=linux/amd64 alpine AS base", "base"),
            step(2, "RUN a", "base"),
            step(3, "FROM base", "1"),
            step(4, "FROM scratch", "1"),
            *(step(number, "RUN b", "1", depends_on=("s2",)) for number in range(5, 15)),
        ),
        "linux/amd64 ",
    )
    names = [each.name for each in vertexes(board)]
    assert names[:3] == [
        "[linux/amd64 base 1/2] FROM --platform=linux/amd64 alpine AS base",
        "[linux/amd64 base 2/2] RUN a",
        "[linux/amd64 stage-1  1/10] RUN b",
    ]
    assert names[-1] == "[linux/amd64 stage-1 10/10] RUN b"
    assert list(vertexes(board)[-1].inputs) == [board.digest("linux/amd64 s2")]
    assert vertexes(board)[1].digest == board.digest("linux/amd64 s2")
    assert Board("other").digest("x") != board.digest("x")


def test_a_step_is_told_again_when_it_is_another_than_before() -> None:
    board = Board("ref")
    later = MOMENT + timedelta(seconds=5)
    states = [
        step(1),
        step(1),
        step(1, state=StepState.RUNNING, started=MOMENT),
        step(1, state=StepState.RUNNING, started=MOMENT),
        step(1, state=StepState.DONE, started=MOMENT, ended=later),
    ]
    for each in states:
        board.steps(built(each))
    told = vertexes(board)
    assert [(each.HasField("started"), each.HasField("completed")) for each in told] == [
        (False, False), (True, False), (True, True),
    ]  # fmt: skip
    assert told[-1].started.ToDatetime(UTC) == MOMENT
    assert told[-1].completed.ToDatetime(UTC) == later
    assert len(board.said) == 3


@pytest.mark.parametrize(
    ("state", "cached", "started", "completed", "error"),
    [
        (StepState.CACHED, True, True, True, ""),
        (StepState.SKIPPED, False, False, False, ""),
        (StepState.WAITING, False, False, True, ""),
        (StepState.FAILED, False, True, True, "process “RUN x” did not complete successfully: exit code: 7"),
        (StepState.CANCELLED, False, True, True, "context canceled"),
    ],
)
def test_how_a_step_ended_is_told(state: StepState, cached: bool, started: bool, completed: bool, error: str) -> None:
    board = Board("ref")
    board.steps(built(step(1, state=state, started=MOMENT, ended=MOMENT, exit_code=7)))
    [told] = vertexes(board)
    assert (told.cached, told.HasField("started"), told.HasField("completed"), told.error) == (
        cached, started, completed, error,
    )  # fmt: skip


def test_output_is_told_line_by_line_in_messages_of_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_LOGS_IN_A_MESSAGE", 10)
    board = Board("ref")
    lines = [
        BuildOutput(step="s1", stream="stdout", text="12345"),
        BuildOutput(step="s1", stream="stderr", text="12345"),
        BuildOutput(step="s2", stream="stdout", text="a\udcff"),
    ]
    board.output(lines, "m ", {"s1": MOMENT})
    assert [len(each.logs) for each in board.said] == [2, 1]
    logs = [log for each in board.said for log in each.logs]
    assert [(log.vertex, log.stream, log.msg) for log in logs] == [
        (board.digest("m s1"), 1, b"12345\n"),
        (board.digest("m s1"), 2, b"12345\n"),
        (board.digest("m s2"), 1, b"a\xff\n"),
    ]
    assert logs[0].timestamp.ToDatetime(UTC) == MOMENT
    assert logs[2].timestamp.ToDatetime(UTC) > MOMENT, "of now"
    assert board.size == sum(each.ByteSize() for each in board.said)
    board.output(lines[:1])
    board.output([])
    assert len(board.said) == 3


async def test_whoever_follows_hears_all_from_the_beginning_to_the_end() -> None:
    board, heard = Board("ref"), []
    board.say(wire.StatusResponse(vertexes=[wire.Vertex(name="1")]))

    async def follow() -> None:
        heard.extend([each.vertexes[0].name async for each in board.follow()])

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    board.say(wire.StatusResponse(vertexes=[wire.Vertex(name="2")]))
    await asyncio.sleep(0)
    assert not following.done()
    board.end()
    await asyncio.wait_for(following, 30)
    assert heard == ["1", "2"]
    await follow()
    assert heard == ["1", "2"] * 2


def statuses(board: Board) -> list[tuple[str, int, int, bool]]:
    return [
        (each.name, each.current, each.total, each.HasField("completed"))
        for response in board.said
        for each in response.statuses
    ]


def test_a_task_is_told_with_its_parts_and_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [10.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    board = Board("ref")
    with board.begin("work") as task:
        task.amount("a", 1, 9)
        clock[0] += 0.05
        task.amount("a", 2, 9)  # too soon
        clock[0] += 0.06
        task.amount("a", 3, 9)
        task.part("b")
        task.say("words\n")
    assert statuses(board) == [
        ("a", 1, 9, False), ("a", 3, 9, False), ("b", 0, 0, True), ("a", 3, 9, True),
    ]  # fmt: skip
    first, last = vertexes(board)
    assert (first.name, first.digest, first.HasField("completed")) == ("work", task.digest, False)
    assert (last.HasField("completed"), last.error) == (True, "")
    [log] = [log for each in board.said for log in each.logs]
    assert (log.msg, log.stream, log.vertex) == (b"words\n", 1, task.digest)
    for response in board.said:
        for each in response.statuses:
            assert each.vertex == task.digest
            assert each.ID == each.name
            assert each.HasField("started")
            assert each.HasField("timestamp")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncio.CancelledError(), "context canceled"),
        (refused("no such thing"), "no such thing"),
        (ValueError("odd"), "odd"),
    ],
)
def test_a_task_says_why_it_failed(error: BaseException, words: str) -> None:
    board = Board("ref")
    with pytest.raises(type(error)), board.begin("work"):
        raise error
    assert vertexes(board)[-1].error == words


def test_moments_are_told_in_utc() -> None:
    assert stamp(MOMENT.astimezone()).ToDatetime(UTC) == MOMENT


# --- reports ---

TARGET = RecipeTarget(name="base", default=True, description="The base", base="alpine", platform="linux/amd64", line=3)
REPORT = RecipeReport(
    filename="Dockerfile.dev",
    text="FROM alpine",
    warnings=(RecipeWarning(rule="FromAsCasing", description="About it", detail="Here", line=2, end_line=4),),
    targets=(TARGET, RecipeTarget(base="scratch", line=7), RecipeTarget(name="x", base="a", line=9, default=True)),
    target=TARGET,
    arguments=(
        RecipeArgument(name="A", description="An argument", value="1", line=5),
        RecipeArgument(name="B", line=6),
    ),
    secrets=(RecipeNeed(name="s", required=True), RecipeNeed(name="t")),
    agents=(RecipeNeed(name="default"),),
    caches=("c1",),
)
DATA = base64.b64encode(b"FROM alpine").decode()


def place(first: int, last: int = 0) -> dict[str, Any]:
    return {"ranges": [{"start": {"line": first}, "end": {"line": last or first}}]}


ANSWERS: dict[str, tuple[Any, list[str]]] = {
    "frontend.lint": (
        {
            "warnings": [
                {
                    "ruleName": "FromAsCasing", "description": "About it",
                    "url": "https://docs.docker.com/go/dockerfile/rule/from-as-casing/", "detail": "Here",
                    "location": place(2, 4),
                }
            ],
            "sources": [{"filename": "Dockerfile.dev", "language": "Dockerfile", "data": DATA}],
        },
        ["Dockerfile.dev:2: FromAsCasing: Here"],
    ),
    "frontend.outline": (
        {
            "name": "base",
            "description": "The base",
            "args": [
                {"name": "A", "description": "An argument", "value": "1", "location": place(5)},
                {"name": "B", "description": "", "value": "", "location": place(6)},
            ],
            "secrets": [{"name": "s", "required": True}, {"name": "t", "required": False}],
            "ssh": [{"name": "default", "required": False}],
            "cache": [{"ID": "c1"}],
            "sources": [DATA],
        },
        ["TARGET: base (default)", "ARG: A=1  An argument", "ARG: B=", "SECRET: s (required)", "SECRET: t",
         "SSH: default"],
    ),
    "frontend.targets": (
        {
            "targets": [
                {
                    "name": "base", "default": True, "description": "The base", "base": "alpine",
                    "platform": "linux/amd64", "location": place(3),
                },
                {"name": "", "default": False, "description": "", "base": "scratch", "platform": "",
                 "location": place(7)},
                {"name": "x", "default": True, "description": "", "base": "a", "platform": "", "location": place(9)},
            ],
            "sources": [DATA],
        },
        ["base (default)  The base", "", "x (default)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_about_a_dockerfile_is_answered_for_programs_and_for_people(question: str) -> None:
    found = metadata_of(question, REPORT)
    assert found is not None
    answer, lines = ANSWERS[question]
    assert json.loads(found.pop("result.json")) == answer
    assert found.pop("result.txt").decode() == "".join(f"{line}\n" for line in lines)
    assert found.pop("version") == b"1.0.0"
    assert found == ({"result.statuscode": b"1"} if question == "frontend.lint" else {})
    assert needs_a_plan(question) is (question != "frontend.lint")


def test_what_cannot_be_built_is_a_finding_too() -> None:
    broken = replace(REPORT, warnings=(), problem="unknown instruction: RUNN", problem_line=3)
    found = metadata_of("frontend.lint", broken)
    assert found is not None
    assert json.loads(found["result.json"])["buildError"] == {
        "message": "unknown instruction: RUNN", "location": place(3),
    }  # fmt: skip
    assert found["result.txt"] == b"unknown instruction: RUNN\n"
    assert found["result.statuscode"] == b"1"
    found = metadata_of("frontend.lint", replace(broken, problem_line=0))
    assert found is not None
    assert json.loads(found["result.json"])["buildError"]["location"] == {}
    found = metadata_of("frontend.lint", replace(REPORT, warnings=()))
    assert found is not None
    assert found["result.statuscode"] == b"0"


def test_an_outline_of_nothing_has_nothing_in_it() -> None:
    found = metadata_of("frontend.outline", RecipeReport(filename="f", text="x"))
    assert found is not None
    assert json.loads(found["result.json"]) == {"sources": [base64.b64encode(b"x").decode()]}
    assert found["result.txt"] == b"TARGET: \n"


def test_the_questions_themselves_can_be_asked_for() -> None:
    found = metadata_of("frontend.subrequests.describe", REPORT)
    assert found is not None
    listed = json.loads(found["result.json"])
    assert [each["name"] for each in listed] == [
        "frontend.outline", "frontend.targets", "frontend.lint", "frontend.subrequests.describe",
    ]  # fmt: skip
    assert all(each["version"] == "1.0.0" and each["type"] == "rpc" and each["description"] for each in listed)
    assert all(each["metadata"] == [{"name": "result.json"}, {"name": "result.txt"}] for each in listed)
    assert len(found["result.txt"].splitlines()) == 4
    assert found["result.txt"].startswith(b"frontend.outline  ")
    assert metadata_of("frontend.nosuch", REPORT) is None


@pytest.mark.parametrize(
    ("rule", "dashed"),
    [("FromAsCasing", "from-as-casing"), ("JSONArgsRecommended", "json-args-recommended"), ("Stage", "stage")],
)
def test_rules_are_explained_where_docker_explains_them(rule: str, dashed: str) -> None:
    assert rule_url(rule) == f"https://docs.docker.com/go/dockerfile/rule/{dashed}/"


def test_findings_beside_a_build_are_told_with_their_lines() -> None:
    many = (REPORT.warnings[0], replace(REPORT.warnings[0], line=9, end_line=0)) * 60
    told = warnings_of(replace(REPORT, warnings=many, text="a\udcff"), "sha256:v")
    assert len(told.warnings) == 100
    first, second = told.warnings[:2]
    assert (first.vertex, first.level, first.short, list(first.detail), first.url) == (
        "sha256:v", 1, b"FromAsCasing: Here (line 2)", [b"About it"], rule_url("FromAsCasing"),
    )  # fmt: skip
    assert (first.info.filename, first.info.data, first.info.language) == ("Dockerfile.dev", b"a?", "Dockerfile")
    assert [(each.start.line, each.end.line) for warning in (first, second) for each in warning.ranges] == [
        (2, 4), (9, 9),
    ]  # fmt: skip
