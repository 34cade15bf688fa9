"""Files that are edited as text: services put beside others, a variable set in a .env file; and how that is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compose.faults import ComposeError
from engine.compose.text.adding import with_services
from engine.compose.text.env_text import quoted, with_variable
from engine.compose.text.variables import read_env_file

THERE = """\
# whose file this is
name: shop

services:
    web:  # the front
        image: nginx

# about volumes
volumes:
    data: {}
"""
MORE = """\
services:
  db:
    image: postgres

    volumes: [data:/d, more:/m]
volumes:
  data: {}
  more:
    external: true
networks:
  back: {}
"""


def test_services_are_put_beside_those_that_are_there_as_far_in() -> None:
    assert (
        with_services(THERE, MORE)
        == """\
# whose file this is
name: shop

services:
    web:  # the front
        image: nginx
    db:
      image: postgres

      volumes: [data:/d, more:/m]

# about volumes
volumes:
    data: {}
    more:
      external: true
networks:
  back: {}
"""
    )


def test_a_file_of_nothing_becomes_the_addition() -> None:
    addition = "services:\n  a:\n    image: x\nname: other\n"
    made = "services:\n  a:\n    image: x\n"
    assert with_services("", addition) == with_services("\n\n", addition) == made
    assert with_services("services: {}\n", addition) == made
    assert with_services("services:\n", addition) == made
    assert with_services("services:\n b:\n  image: y\n", addition) == ("services:\n b:\n  image: y\n a:\n   image: x\n")


@pytest.mark.parametrize(
    ("text", "addition", "path", "words"),
    [
        (
            "services: {a: {image: x}}",
            "services:\n  b:\n    image: y",
            ("services",),
            "“services” of c.yaml stands on one",
        ),
        ("services:\n  a:\n    image: x", "services:\n  a:\n    image: y", ("services", "a"), "service “a” is there"),
        ("configs:\n  a: {file: x}", "configs:\n  a: {file: y}", ("configs", "a"), "“a” is there already"),
        ("secrets:\n  a: {file: x}", "secrets:\n  a: {file: y}", ("secrets", "a"), "“a” is there already"),
    ],
)
def test_what_cannot_be_put_in_is_told(text: str, addition: str, path: tuple[str, ...], words: str) -> None:
    with pytest.raises(ComposeError) as caught:
        with_services(text, addition, "c.yaml")
    (problem,) = caught.value.problems
    assert (problem.path, words in problem.message) == (path, True), problem


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", "A=b\n"),
        ("\n \n", "A=b\n"),
        ("B=c", "B=c\nA=b\n"),
        ("A=old\n# A=x\nB=c\n", "A=b\n# A=x\nB=c\n"),
        ("A=one\nA=two\nC=d\n", "A=one\nA=b\nC=d\n"),
        ("  export A : old\n", "A=b\n"),
        ("AA=x\nMY_A=y\n", "AA=x\nMY_A=y\nA=b\n"),
    ],
)
def test_a_variable_is_set_and_everything_else_stays(text: str, made: str) -> None:
    assert with_variable(text, "A", "b") == made


@pytest.mark.parametrize(
    ("value", "written"),
    [("", ""), ("a/b:c@d%e+f,g=h-i_j.k", "a/b:c@d%e+f,g=h-i_j.k"), ("a b", "'a b'"), ("$x", "'$x'"),
     ("it's", '"it\'s"'),
     ("a\nb", '"a\\nb"'), ("it's $x", '"it\'s \\$x"'), ("'\"", '"\'\\""'), ("'\\", '"\'\\\\"')],
)  # fmt: skip
def test_a_value_stands_in_quotes_where_it_means_more_than_itself(value: str, written: str) -> None:
    assert quoted(value) == written


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs",)), max_size=12))
def test_what_is_set_is_what_is_read(value: str) -> None:
    text = with_variable("B=$A\n", "A", value)
    assert read_env_file(text, ".env", {})["A"] == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=b\nC=d", {"A": "b", "C": "d"}),
        ("A: b", {"A": "b"}),
        ("export A=b", {"A": "b"}),
        ("# no\n\n  # no\nA=b # remark", {"A": "b"}),
        ("A=b#c", {"A": "b#c"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("A=  b  ", {"A": "b"}),
        ("A=", {"A": ""}),
        ("A=$HERE-${C:-d}", {"A": "here-d"}),
        ("A=x\nB=${A}y", {"A": "x", "B": "xy"}),
        ("HERE=x\nB=$HERE", {"HERE": "x", "B": "here"}),
        ("HERE\nGONE", {"HERE": "here", "GONE": None}),
        ("GONE\nB=${GONE:-d}", {"GONE": None, "B": "d"}),
        ("A='$HERE \\n' # x\nB=c", {"A": "$HERE \\n", "B": "c"}),
        ('A="$HERE\\t\\"q\\" \\$x \\\\ \\z"\nB=c', {"A": 'here\t"q" $x \\ \\z', "B": "c"}),
        ('A="one\ntwo"\nB=c', {"A": "one\ntwo", "B": "c"}),
        ("A='one\ntwo'", {"A": "one\ntwo"}),
        ('A="\\r\\f\\b\\n"', {"A": "\r\f\b\n"}),
        ("A='a\\'", {"A": "a\\"}),
        ('A="a\\\\"', {"A": "a\\"}),
    ],
)
def test_a_file_of_variables(text: str, found: dict[str, str | None]) -> None:
    assert read_env_file(text, ".env", {"HERE": "here"}) == found


def test_a_raw_file_is_taken_as_it_stands() -> None:
    text = "# no\n\nA='b $C'\n D = e \nF\n  # no\n"
    assert read_env_file(text, ".env", {"F": "x"}, raw=True) == {"A": "'b $C'", "D": " e ", "F": None}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("A=b\nC d=e", 2, "“C d=e”"),
        ("\n\n=x", 3, "“=x”"),
        ("A=b\nC='d", 2, "a quote (') is not closed"),
        ('A="d\\"', 1, 'a quote (") is not closed'),
        ("A=${B", 1, ""),
        ("X=1\nA=${B:?needed}", 2, "needed"),
    ],
)
def test_a_fault_of_a_file_of_variables_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ComposeError) as caught:
        read_env_file(text, "a.env", {})
    (problem,) = caught.value.problems
    assert problem.mark is not None
    assert (problem.mark.file, problem.mark.line, problem.mark.column) == ("a.env", line, 1)
    assert problem.mark.text == text.split("\n")[line - 1]
    assert words in problem.message
