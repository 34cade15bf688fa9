"""Planning: which stages are needed, what each begins with, what waits for what."""

from __future__ import annotations

from typing import Any

import pytest

from engine.builder.language.parser import DockerfileError, parse_dockerfile
from engine.builder.planning.plan import Plan, make_plan
from engine.types.data import Platform

HOST = Platform(os="linux", architecture="amd64")


def plan(text: str, **options: Any) -> Plan:
    defaults: dict[str, Any] = {"target": "", "build_args": {}, "named_contexts": {}}
    return make_plan(parse_dockerfile(text), build_platform=HOST, target_platform=HOST, **(defaults | options))


TWO = "FROM a AS one\nFROM b AS two\nFROM c AS unused\nFROM one AS last\nCOPY --from=two /x /y\n"


def test_only_what_the_target_needs_is_built() -> None:
    assert plan(TWO).needed == {0, 1, 3}
    assert plan(TWO, target="two").needed == {1}
    assert plan(TWO, target="TWO").target == 1
    assert plan(TWO, target="0").needed == {0}


def test_origins() -> None:
    stages = plan("FROM scratch\nFROM ctx\nFROM img\n", named_contexts={"ctx": "/d"}).stages
    assert [stage.origin.kind for stage in stages] == ["scratch", "named", "image"]


def test_a_stage_name_counts_only_behind_its_stage() -> None:
    stages = plan("FROM later\nFROM a AS later\nFROM later\n").stages
    assert [stage.origin.kind for stage in stages] == ["image", "image", "stage"]


def test_global_arguments_and_platforms_reach_from() -> None:
    stages = plan("ARG V=1\nARG W=$V-x\nFROM img:$W\nFROM img:$TARGETARCH\n", build_args={"V": "2"}).stages
    assert [stage.origin.name for stage in stages] == ["img:2-x", "img:amd64"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM a AS x\nCOPY --from=y /f /f\nFROM b AS y\nCOPY --from=x /f /f\n", "wait for each other: y → x → y"),
        ("FROM a\nCOPY --from=3 /f /f\n", "no stage 3"),
        ("FROM $NOTHING\n", "comes to nothing"),
    ],
)
def test_impossible_plans(text: str, words: str) -> None:
    with pytest.raises(DockerfileError, match=words):
        plan(text)


def test_an_unknown_target_suggests_the_near_one() -> None:
    with pytest.raises(DockerfileError) as caught:
        plan(TWO, target="tow")
    assert caught.value.hint == "Did you mean two?"
