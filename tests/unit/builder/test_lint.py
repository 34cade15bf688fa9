"""The linter: each rule finds its fault in the least Dockerfile that has it, and nothing in one that has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.builder.report import make_report
from engine.types.builds import BuildImage
from engine.types.data import Platform

if TYPE_CHECKING:
    from engine.types.builds import RecipeReport

HOST = Platform(os="linux", architecture="amd64")


def report(text: str, target: str = "", **arguments: str) -> RecipeReport:
    known = {"alpine": {"LANG"}}
    request = BuildImage(target=target, build_args=dict(arguments))
    return make_report(
        request, text, build_platform=HOST, target_platform=HOST, environment=known.get, triggers={"alpine": False}.get
    )


def found(text: str, **arguments: str) -> list[tuple[str, int]]:
    told = report(text, **arguments)
    assert not told.problem
    return [(each.rule, each.line) for each in told.warnings]


@pytest.mark.parametrize(
    ("rule", "line", "text"),
    [
        ("FromAsCasing", 1, "FROM alpine as one\n"),
        ("FromAsCasing", 1, "from alpine AS one\n"),
        ("StageNameCasing", 1, "FROM alpine AS One\n"),
        ("ConsistentInstructionCasing", 3, "FROM alpine\nRUN a\nrun b\n"),
        ("ConsistentInstructionCasing", 2, "FROM alpine\nRun a\nRUN b\n"),
        ("ConsistentInstructionCasing", 3, "from alpine\nrun a\nRUN b\n"),
        ("JSONArgsRecommended", 2, "FROM alpine\nCMD serve\n"),
        ("JSONArgsRecommended", 2, "FROM alpine\nENTRYPOINT serve\n"),
        ("MaintainerDeprecated", 2, "FROM alpine\nMAINTAINER me\n"),
        ("NoEmptyContinuation", 2, "FROM alpine\nRUN a && \\\n\n  b\n"),
        ("DuplicateStageName", 2, "FROM alpine AS one\nFROM alpine AS one\n"),
        ("ReservedStageName", 1, "FROM alpine AS context\n"),
        ("LegacyKeyValueFormat", 2, "FROM alpine\nENV a b\n"),
        ("LegacyKeyValueFormat", 2, "FROM alpine\nLABEL a b=c\n"),
        ("UndefinedVar", 2, "FROM alpine\nCOPY $foo .\n"),
        ("UndefinedVar", 3, "ARG foo=1\nFROM alpine\nCOPY $foo .\n"),
        ("UndefinedVar", 2, "FROM scratch\nENV a=$LANG\n"),
        ("UndefinedArgInFrom", 1, "FROM alpine:1$foo\n"),
        ("InvalidDefaultArgInFrom", 2, "ARG v\nFROM alpine:$v\n"),
        ("WorkdirRelativePath", 2, "FROM alpine\nWORKDIR app\n"),
        ("SecretsUsedInArgOrEnv", 2, "FROM alpine\nARG GITHUB_TOKEN\n"),
        ("SecretsUsedInArgOrEnv", 2, "FROM alpine\nENV DB_PASSWORD=x\n"),
        ("MultipleInstructionsDisallowed", 2, 'FROM alpine\nCMD ["a"]\nCMD ["b"]\n'),
        ("FromPlatformFlagConstDisallowed", 1, "FROM --platform=linux/arm64 alpine\n"),
        ("RedundantTargetPlatform", 1, "FROM --platform=$TARGETPLATFORM alpine\n"),
    ],
)
def test_a_rule_finds_its_fault(rule: str, line: int, text: str) -> None:
    assert found(text, **({"v": "3"} if "$v" in text else {})) == [(rule, line)]


@pytest.mark.parametrize(
    "text",
    [
        "from alpine as one\nrun a\n",
        'FROM alpine\nRUN cat <<E\n\nE\nCMD ["a"]\n',
        "FROM alpine\nRUN a && \\\n  # why\n  b\n",
        'FROM alpine\nSHELL ["/bin/bash", "-c"]\nCMD serve\n',
        'FROM alpine\nENV a=b c=d\nLABEL "x y"=z\n',
        "FROM alpine\nENV PATH=/x:$PATH L=$LANG\n",
        "FROM not-here\nCOPY $WHATEVER .\n",
        "FROM alpine AS a\nARG v\nFROM a\nCOPY $v .\n",
        "FROM alpine\nCOPY ${v:-x} ${w+y} .\n",
        "FROM alpine\nRUN echo $x\n",
        "FROM alpine\nWORKDIR /a\nWORKDIR b\n",
        "FROM alpine AS a\nWORKDIR /a\nFROM a\nWORKDIR b\n",
        "FROM alpine\nARG PUBLIC_KEY\nENV TOKENS=1 KEYBOARD=us\n",
        'FROM alpine AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n',
        "FROM --platform=$BUILDPLATFORM alpine\n",
        "FROM --platform=linux/arm64 alpine AS for-arm64\n",
    ],
)
def test_what_is_well_written_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_line_at_the_top_says_what_is_not_to_be_looked_for() -> None:
    body = "FROM alpine as One\nMAINTAINER me\n"
    assert len(found(body)) == 3
    assert found(f"# check=skip=FromAsCasing,stagenamecasing\n{body}") == [("MaintainerDeprecated", 3)]
    assert found(f"# check=skip=all\n{body}") == []
    assert found(body, BUILDKIT_DOCKERFILE_CHECK="skip=MaintainerDeprecated")[-1] == ("StageNameCasing", 1)


def test_warnings_can_be_made_errors() -> None:
    told = report("# check=error=true\nFROM alpine as one\n")
    assert "FromAsCasing" in told.problem
    assert told.problem_line == 2


def test_an_undefined_variable_is_told_with_the_near_one() -> None:
    assert "did you mean $VERSION" in report("FROM alpine\nARG VERSION\nCOPY $VERSIN .\n").warnings[0].detail


def test_the_report_tells_targets_with_what_their_comments_say() -> None:
    text = "ARG V=1\n# one is the first\nFROM alpine:$V AS one\nFROM one AS two\nFROM --platform=$BUILDPLATFORM two\n"
    targets = report(text).targets
    assert [(each.name, each.default, each.base) for each in targets] == [
        ("one", False, "alpine:1"), ("two", False, "one"), ("", True, "two"),
    ]  # fmt: skip
    assert targets[0].description == "is the first"
    assert targets[2].platform == "linux/amd64"


def test_the_report_tells_what_a_target_asks_for_and_not_what_others_do() -> None:
    text = (
        "ARG V=1\nFROM alpine AS a\n# N is how many\nARG N=2\nRUN --mount=type=secret,id=tok,required=true x\n"
        "RUN --mount=type=ssh --mount=type=cache,target=/c y\nFROM alpine AS b\nARG M=3\n"
    )
    told = report(text, target="a", N="9")
    assert told.target is not None
    assert told.target.name == "a"
    assert [(each.name, each.value, each.description) for each in told.arguments] == [
        ("V", "1", ""), ("N", "9", "is how many"),
    ]  # fmt: skip
    assert [(each.name, each.required) for each in told.secrets] == [("tok", True)]
    assert [(each.name, each.required) for each in told.agents] == [("default", False)]
    assert told.caches == ("/c",)


def test_what_cannot_be_read_is_told_in_the_report() -> None:
    assert report("FROM alpine\nRUNN x\n").problem_line == 2
    assert "could not be found" in report("FROM alpine\n", target="nope").problem


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("FROM alpine\nCOPY a ./b/ /x/\nADD c*.txt https://x.example/y /z/\n", ("a", "b", "c*.txt")),
        ("FROM alpine\nCOPY . /\n", None),
        ("FROM alpine\nCOPY ../up /\nRUN --mount=type=bind,source=m,target=/m true\n", ("up", "m")),
        ("FROM alpine\nARG P=a\nCOPY $P /\n", None),
        ("FROM alpine\nCOPY **/go.mod /\n", None),
        ("FROM alpine AS a\nCOPY a /\nFROM alpine\nCOPY b /\n", ("b",)),
        ("FROM alpine AS a\nCOPY a /\nFROM alpine\nCOPY --from=a b /\n", ("a",)),
        ("FROM debian\nCOPY a /\n", None),
        ("FROM alpine AS a\nONBUILD COPY b /\nFROM a\nCOPY a /\n", None),
    ],
)
def test_a_client_sends_no_more_than_the_stages_take(text: str, paths: tuple[str, ...] | None) -> None:
    assert report(text).context_paths == paths
