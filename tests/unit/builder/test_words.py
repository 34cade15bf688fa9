"""Words of a Dockerfile: quotes, escapes, and every modifier of a variable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.builder.language.words import WordError, expand

VARIABLES = {"NAME": "wherry", "EMPTY": "", "FILE": "dir/sub/archive.tar.gz", "WORDS": "two  words", "a_1": "x"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$NAME-1", "wherry-1"),
        ("${NAME}1", "wherry1"),
        ("$a_1.$a_1", "x.x"),
        ("'$NAME'", "$NAME"),
        ('"$NAME"', "wherry"),
        (r"\$NAME", "$NAME"),
        (r'"\$NAME \q \""', r'$NAME \q "'),
        ("$MISSING", ""),
        ("$", "$"),
        ("a$ b", "a$ b"),
        ("${MISSING:-none}", "none"),
        ("${EMPTY:-none}", "none"),
        ("${EMPTY-none}", ""),
        ("${MISSING-$NAME}", "wherry"),
        ("${NAME:+yes}", "yes"),
        ("${EMPTY:+yes}", ""),
        ("${EMPTY+yes}", "yes"),
        ("${NAME:?must be set}", "wherry"),
        ("${FILE#*/}", "sub/archive.tar.gz"),
        ("${FILE##*/}", "archive.tar.gz"),
        ("${FILE%.*}", "dir/sub/archive.tar"),
        ("${FILE%%.*}", "dir/sub/archive"),
        ("${FILE%nothing}", "dir/sub/archive.tar.gz"),
        ("${FILE/a/A}", "dir/sub/Archive.tar.gz"),
        ("${FILE//a/A}", "dir/sub/Archive.tAr.gz"),
        (r"${FILE//\//_}", "dir_sub_archive.tar.gz"),
        ("${FILE/s?b/X}", "dir/X/archive.tar.gz"),
        ("größe-$NAME", "größe-wherry"),
    ],
)
def test_expansion(word: str, expected: str) -> None:
    assert expand(word, VARIABLES).text == expected


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("$WORDS", ["two", "words"]),
        ('"$WORDS"', ["two  words"]),
        ("x$WORDS", ["xtwo", "words"]),
        ('""', [""]),
        ("$EMPTY", []),
        (r"a\ b", ["a b"]),
    ],
)
def test_splitting(word: str, words: list[str]) -> None:
    assert expand(word, VARIABLES).words == words


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("${NAME", "missing '}'"),
        ("${", "missing '}'"),
        ("${}", "bad substitution"),
        ("${NAME:x}", "unsupported modifier (:x)"),
        ("${NAME:%x}", "unsupported modifier (:%)"),
        ("'open", "single quote"),
        ('"open', "double quote"),
        ("${MISSING:?say which}", "MISSING: say which"),
        ("${MISSING?}", "not allowed to be unset"),
        ("${EMPTY:?}", "not allowed to be empty"),
    ],
)
def test_errors(word: str, problem: str) -> None:
    with pytest.raises(WordError, match="^.*" + problem.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")):
        expand(word, VARIABLES)


def test_unset_and_used_names_are_told() -> None:
    found = expand("$NAME ${MISSING:-$OTHER}", VARIABLES)
    assert found.unset == {"MISSING", "OTHER"}
    assert found.used == {"NAME", "MISSING", "OTHER"}


def test_the_backtick_can_be_the_escape() -> None:
    assert expand("C:\\dir`$NAME", VARIABLES, escape="`").text == "C:\\dir$NAME"


@given(st.text(alphabet="ab$ {}:-+?#%/*'\"\\`\n", max_size=40))
def test_any_text_gives_a_string_or_a_word_error(word: str) -> None:
    try:
        found = expand(word, {"a": "1", "b": "x y"})
    except WordError:
        return
    assert isinstance(found.text, str)


@given(st.text(alphabet="abc .-_/é", max_size=40))
def test_text_without_marks_stays_as_it_is(word: str) -> None:
    found = expand(word, {})
    assert found.text == word
    assert found.words == word.split()
