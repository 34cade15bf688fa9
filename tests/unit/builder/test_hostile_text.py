"""Text of strangers that would keep an engine busy for minutes, or fill its memory: it is answered, and cheaply.

None of these tests looks at a clock: what they guard against takes longer than the suite lets a test run.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.builder.language.errors import DockerfileError, did_you_mean
from engine.builder.language.globs import Glob, Globs, PatternError
from engine.builder.language.ignore import IgnoreRules
from engine.builder.language.parser import parse_dockerfile
from engine.builder.language.shell_patterns import ShellPattern
from engine.builder.language.source import MOST_INSTRUCTIONS
from engine.builder.language.words import MOST_CHARACTERS, WordError, expand
from engine.builder.planning.plan import make_plan
from engine.builder.planning.variables import MOST_NAMES, Variables
from engine.builder.steps.stages import StageState, apply_metadata
from engine.types.data import Platform, now

HERE = Platform(os="linux", architecture="amd64")
LONG = "a" * 4000


def planned(text: str) -> None:
    make_plan(
        parse_dockerfile(text),
        target="", build_args={}, named_contexts={}, build_platform=HERE, target_platform=HERE,
    )  # fmt: skip


# --- patterns of paths ---


_GLOB_PARTS = st.sampled_from(["a", "b", "/", ".", "*", "**", "**/", "?", "[ab]", "[^a]", "[b-a]", "\\*", "\\a"])


def _reference(pattern: str) -> re.Pattern[str]:
    """The same as a regular expression, which may run away but says what is meant."""
    words = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", "[b-a]": "(?!)", "[ab]": "[ab]", "[^a]": "[^a]"}
    out, left = "", pattern
    while left:
        if left in ("**", "**/"):
            out, left = out + ".*", ""
            continue
        if left.startswith("**") and not left.startswith("**/"):
            out, left = out + "(?:.*/)?", left[2:]
            continue
        part = next((word for word in sorted(words, key=len, reverse=True) if left.startswith(word)), "")
        if part:
            out, left = out + words[part], left[len(part) :]
        elif left[0] == "\\":
            out, left = out + re.escape(left[1]), left[2:]
        else:
            out, left = out + re.escape(left[0]), left[1:]
    return re.compile(out, re.DOTALL)


@given(st.lists(_GLOB_PARTS, max_size=6).map("".join), st.text("ab/.*", max_size=8))
def test_a_glob_means_what_it_meant(pattern: str, path: str) -> None:
    glob = Glob(pattern)
    expected = _reference(pattern)
    assert glob.matches(path) is (expected.fullmatch(path) is not None)
    ways = [path[:at] for at in range(len(path)) if path[at] == "/"] + [path]
    assert glob.covers(path) is any(expected.fullmatch(way) for way in ways)


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/" * 40 + "b", "*a" * 2000, "**/*a*b*c*/**/x", "?*" * 1000])
def test_a_pattern_of_many_stars_is_one_walk(pattern: str) -> None:
    assert Glob(pattern).matches(LONG + "c") is False or "?" in pattern
    assert not IgnoreRules([f"{pattern}x"]).ignores("/".join([LONG[:200]] * 20))


@pytest.mark.parametrize("pattern", ["[a-T", "[T-a", "[", "[^", "[a-", "a\\", "x" * 5000])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    with pytest.raises(PatternError):
        Glob(pattern)


def test_a_near_miss_is_not_looked_for_without_end() -> None:
    assert did_you_mean("b" * 100_000, ["b" * 99_999]) == ""
    assert (
        did_you_mean("fiel", (f"entry-{number}" if number else "file" for number in range(10**9)))
        == "Did you mean file?"
    )


def test_a_file_of_thousands_of_patterns_is_one_walk_for_each_path() -> None:
    """One after the other they take more than a minute, in a thread that nobody can end."""
    rules = IgnoreRules([f"**/{'*a' * 12}{number}" for number in range(3000)] + ["!**/kept", "**/kept/not"])
    paths = [f"src/{'a' * 40}/{number}{'ba' * 20}" for number in range(2000)]
    assert not any(rules.ignores(path) for path in paths)
    assert rules.ignores(f"{paths[0]}7")
    assert not rules.ignores(f"{'a' * 12}0/kept")
    assert rules.ignores(f"{'a' * 12}0/kept/not/this")


@given(st.lists(st.lists(_GLOB_PARTS, min_size=1, max_size=5).map("".join), max_size=6), st.text("ab/.", max_size=12))
def test_many_patterns_together_are_each_of_them(patterns: list[str], path: str) -> None:
    covering = [number for number, pattern in enumerate(patterns) if Glob(pattern).covers(path)]
    assert Globs(patterns).last_that_covers(path) == (covering[-1] if covering else None)
    assert Globs(patterns).matches(path) == any(Glob(pattern).matches(path) for pattern in patterns)


@pytest.mark.bulk
def test_patterns_that_are_too_much_together_are_refused() -> None:
    with pytest.raises(PatternError, match="together"):
        Globs(["a" * 4000] * 300)


# --- patterns of values ---


_SHELL_PARTS = st.sampled_from(["a", "b", "*", "?", "\\*", "\\?"])


@given(st.lists(_SHELL_PARTS, max_size=5).map("".join), st.text("ab*?", max_size=8), st.booleans())
def test_a_shells_pattern_means_what_it_meant(pattern: str, value: str, longest: bool) -> None:
    star = ".*" if longest else ".*?"
    pieces = re.findall(r"\\.|.", pattern)
    source = "".join({"*": star, "?": "."}.get(one) or re.escape(one.removeprefix("\\")) for one in pieces)
    found = ShellPattern.read(pattern)
    head = re.compile(source, re.DOTALL).match(value)
    assert found.without_prefix(value, longest=longest) == (value[head.end() :] if head else value)
    tail = re.compile(f"(?:{source})\\Z", re.DOTALL)
    starts = [at for at in range(len(value) + 1) if tail.match(value, at)]
    rest = value[: min(starts) if longest else max(starts)] if starts else value
    assert found.without_suffix(value, longest=longest) == rest
    if longest:
        assert found.replaced(value, "R", everywhere=False) == re.sub(source, "R", value, count=1, flags=re.DOTALL)


@pytest.mark.parametrize("form", ["${x/*a*a*a*a*a*a*a*a*a*a*a*ab/y}", "${x//*?*?*?*?*?*?b/y}", "${x%%*a*a*a*a*a*ab}"])
def test_stars_in_a_substitution_do_not_run_away(form: str) -> None:
    assert expand(form, {"x": "a" * 100_000}).text == "a" * 100_000


def test_a_pattern_of_any_characters_has_a_bound() -> None:
    with pytest.raises(WordError, match="so long a pattern"):
        expand("${x/" + "?" * 5000 + "b/y}", {"x": "a" * 100_000})


# --- bounds ---


def test_arguments_that_double_each_other_end_in_an_error() -> None:
    lines = ["ARG A0=xxxxxxxxxxxxxxxx", *(f"ARG A{n}=$A{n - 1}$A{n - 1}" for n in range(1, 60)), "FROM scratch"]
    with pytest.raises(DockerfileError, match=f"longer than {MOST_CHARACTERS} characters"):
        planned("\n".join(lines))


def test_nor_do_many_that_are_each_within_the_bound() -> None:
    lines = ["ARG A=" + "x" * 500_000, *(f"ARG B{n}=$A$A" for n in range(200)), "FROM scratch"]
    with pytest.raises(DockerfileError, match="MiB of text"):
        planned("\n".join(lines))


def test_one_word_full_of_a_long_variable_is_refused_before_it_is_made() -> None:
    with pytest.raises(WordError, match="longer than"):
        expand("$x" * 100_000, {"x": "y" * 1_000_000})


def test_variables_within_variables_have_a_depth() -> None:
    with pytest.raises(WordError, match="too deep"):
        expand("${a:-" * 5000 + "}" * 5000, {})


def test_a_hundred_thousand_lines_are_answered() -> None:
    with pytest.raises(DockerfileError, match=f"more than {MOST_INSTRUCTIONS} instructions"):
        parse_dockerfile("FROM scratch\n" + "ENV A=1\n" * 100_000)
    with pytest.raises(DockerfileError, match="longer than 2 MiB"):
        parse_dockerfile("FROM scratch\nENV A=" + "1" * (2 << 20))


def test_a_line_of_a_hundred_thousand_variables_is_answered() -> None:
    text = "FROM scratch\nENV " + " ".join(f"A{number}=1" for number in range(90_000))
    instruction = parse_dockerfile(text).stages[0].instructions[0]
    with pytest.raises(DockerfileError, match=f"more than {MOST_NAMES} variables"):
        apply_metadata(StageState(platform=HERE, created=now()), instruction, Variables({}, {}, "\\"))


def test_a_value_that_no_image_may_have_is_told_at_its_line() -> None:
    state, variables = StageState(platform=HERE, created=now()), Variables({}, {}, "\\")
    for line in ("LABEL a=", "ENV A="):
        instruction = parse_dockerfile(f"FROM scratch\n{line}" + "x" * 70_000).stages[0].instructions[0]
        with pytest.raises(DockerfileError, match=r"Line 2.*65536 characters"):
            apply_metadata(state, instruction, variables)


@pytest.mark.bulk
def test_all_ports_there_are_can_be_named() -> None:
    state, variables = StageState(platform=HERE, created=now()), Variables({}, {}, "\\")
    for instruction in parse_dockerfile("FROM scratch\n" + "EXPOSE 1-65535 1-65535/udp\n" * 10).stages[0].instructions:
        state = apply_metadata(state, instruction, variables)
    assert len(state.config.exposed_ports) == 2 * 65535


@pytest.mark.bulk
def test_long_lines_of_quotes_are_read_once() -> None:
    for piece in ('"a"', "'a'", '"', "\\a", "a\\"):
        text = "FROM scratch\nLABEL a=" + piece * (2_000_000 // len(piece)) + "\n"
        assert parse_dockerfile(text).stages[0].instructions
