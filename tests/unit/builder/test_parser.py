"""Dockerfiles read: every instruction's forms, and errors that name line and column."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.builder.language import types as t
from engine.builder.language.parser import DockerfileError, parse_dockerfile


def body(text: str) -> tuple[t.Instruction, ...]:
    return parse_dockerfile(f"FROM scratch\n{text}").stages[0].instructions


def only(text: str) -> Any:
    (instruction,) = body(text)
    return instruction


def error(text: str) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text)
    return caught.value


def test_stages_names_and_global_arguments() -> None:
    parsed = parse_dockerfile("ARG V=1\nFROM a:$V AS Build\nRUN x\nFROM --platform=linux/arm64 b\n")
    assert [(stage.origin.image, stage.name) for stage in parsed.stages] == [("a:$V", "build"), ("b", "1")]
    assert parsed.global_arguments[0].arguments[0].value == "1"
    assert parsed.stages[1].origin.platform == "linux/arm64"


def test_directives_end_at_the_first_line_that_is_none() -> None:
    parsed = parse_dockerfile("# syntax=x/y:1\n# escape=`\n\n# escape=\\\nFROM a\nRUN b `\n c\n")
    assert parsed.escape == "`"
    assert parsed.directives["syntax"] == "x/y:1"
    instruction = parsed.stages[0].instructions[0]
    assert isinstance(instruction, t.Run)
    assert instruction.words == ("b  c",)


def test_continued_lines_pass_over_comments_and_empty_lines() -> None:
    instruction = only("RUN a \\\n  # why\n\n  && b")
    assert instruction.words == ("a   && b",)
    assert (instruction.raw.line, instruction.raw.end_line) == (2, 5)


@pytest.mark.parametrize(
    ("text", "words", "shell"),
    [
        ("RUN echo  hi", ("echo  hi",), True),
        ('RUN ["a", "b c"]', ("a", "b c"), False),
        ("RUN [ -f /x ]", ("[ -f /x ]",), True),
        ("CMD ['single']", ("['single']",), True),
        ("CMD []", (), False),
        ('ENTRYPOINT ["/x"]', ("/x",), False),
        ("run lower", ("lower",), True),
    ],
)
def test_commands(text: str, words: tuple[str, ...], shell: bool) -> None:
    instruction = only(text)
    assert (instruction.words, instruction.shell) == (words, shell)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ENV A=1 B='x y'", (("A", "1"), ("B", "'x y'"))),
        ("ENV A b c", (("A", "b c"),)),
        ('LABEL "a b"="c" d=e', (('"a b"', '"c"'), ("d", "e"))),
        ("ENV A=a\\ b", (("A", "a\\ b"),)),
    ],
)
def test_pairs(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert only(text).pairs == pairs


def test_copy_with_everything() -> None:
    copy = only("COPY --from=b --chown=1:2 --chmod=0644 --link --parents --exclude=*.md --exclude=x a b /c/")
    assert (copy.sources, copy.destination, copy.origin) == (("a", "b"), "/c/", "b")
    assert (copy.owner, copy.mode, copy.link, copy.parents, copy.exclude) == ("1:2", "0644", True, True, ("*.md", "x"))


def test_here_documents() -> None:
    run = only("RUN <<EOF\n\techo $X\nEOF\n")
    assert (run.heredocs[0].text, run.heredocs[0].expand) == ("\techo $X\n", True)
    copy = only("COPY <<-'A' <<B x /dest/\n\tone\n\tA\ntwo\nB\n")
    assert copy.sources == ("x",)
    assert [(one.name, one.body(), one.expand) for one in copy.documents] == [
        ("A", "one\n", False),
        ("B", "two\n", True),
    ]
    assert only('RUN ["<<EOF"]').heredocs == ()


def test_health_checks() -> None:
    health = only("HEALTHCHECK --interval=1m30s --timeout=500ms --retries=4 CMD curl x").health
    assert (health.test, health.interval, health.timeout, health.retries) == (("CMD-SHELL", "curl x"), 90.0, 0.5, 4)
    assert only("HEALTHCHECK NONE").health.test == ("NONE",)


def test_mounts_of_a_run_are_checked_early() -> None:
    run = only("RUN --mount=type=cache,target=/c,sharing=locked --mount=type=secret,id=s cmd")
    assert len(run.mounts) == 2
    assert "target" in error("FROM a\nRUN --mount=type=cache x").title
    assert error("FROM a\nRUN --mount=typ=cache,target=/x y").hint == "Did you mean type?"
    only("RUN --mount=type=$KIND,target=/x y")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "no instructions"),
        ("# only a comment\n", 0, "no instructions"),
        ("RUN x", 1, "before the first FROM"),
        ("ARG A=1\nARG B", 2, "no FROM"),
        ("FROM a\nFRM b", 2, "Unknown instruction: FRM"),
        ("FROM a b", 1, "an image AS a name"),
        ("FROM a AS 1x", 1, "cannot name a stage"),
        ("FROM a\nENV", 2, "needs an argument"),
        ("FROM a\nENV A", 2, "two arguments"),
        ("FROM a\nENV A=1 B", 2, "no = in"),
        ("FROM a\nCOPY x", 2, "at least one source"),
        ("FROM a\nCOPY --form=b x y", 2, "Unknown flag --form"),
        ("FROM a\nCOPY --from= x y", 2, "needs a value"),
        ("FROM a\nCOPY --link=maybe x y", 2, "true or false"),
        ("FROM a\nRUN --network=hots x", 2, "Unknown network"),
        ("FROM a\nSHELL bash", 2, "JSON list"),
        ("FROM a\nCMD [1]", 2, "strings only"),
        ("FROM a\nONBUILD ONBUILD RUN x", 2, "chained"),
        ("FROM a\nONBUILD FROM x", 2, "not allowed in ONBUILD"),
        ("FROM a\nRUN <<EOF\nx", 2, "does not end"),
        ("FROM a\nHEALTHCHECK CND x", 2, "Unknown kind"),
        ("FROM a\nHEALTHCHECK --interval=5 CMD x", 2, "a time like"),
        ("# escape=x\nFROM a", 1, "escape directive"),
        ("FROM a\nADD --keep-git-dir=maybe x y", 2, "true or false"),
    ],
)
def test_errors_name_the_place(text: str, line: int, words: str) -> None:
    found = error(text)
    assert words in str(found)
    assert found.line == line


def test_the_near_miss_is_suggested_and_the_line_shown() -> None:
    found = error("FROM a\nENTRYPONT x\n")
    assert found.hint == "Did you mean ENTRYPOINT?"
    assert "    2 | ENTRYPONT x" in found.details
    assert error("FROM a\nCOPY --form=x a b").column == 6


PIECES = [
    *("FROM", "RUN", "COPY", "ENV", "ARG", "ONBUILD", "AS", "<<E", "E", "--from=", "--mount=type="),
    *("\\", "\n", " ", "a=b", "[", '"', "$x", "#", "\t", "\r\n", "`", "{", "x"),
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_text_parses_or_is_refused_with_a_dockerfile_error(parts: list[str]) -> None:
    try:
        parsed = parse_dockerfile("".join(parts))
    except DockerfileError:
        return
    assert parsed.stages or parsed.global_arguments


def test_very_long_lines_and_deep_nesting_are_no_trouble() -> None:
    assert len(only("RUN " + "x" * 1_500_000).words[0]) == 1_500_000
    assert error("FROM a\n" + "ONBUILD " * 5000 + "RUN x").line == 2
    assert only("CMD " + "[" * 100_000).shell
