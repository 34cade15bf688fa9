"""Editing a file changes the lines that were edited and not a byte beside them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gui.presentation.files.text import FileText, NotInThisEncoding

ODD = st.text(alphabet="ab \u00a0\u2028\u2029\x0b\x0c\x85\r\n\t\ufeffé€\U0001f600\ufdd0", max_size=60)


def opened(data: bytes) -> FileText:
    found = FileText.of(data)
    assert found is not None
    return found


@given(text=ODD)
def test_a_file_that_is_not_edited_is_the_same_file(text: str) -> None:
    data = text.encode()
    file = opened(data)
    assert file.edited(file.shown().split("\n")) == data
    assert not set(file.shown()) & set("\r\u2029\ufdd0\ufdd1"), "what would break a line of the editor stands in"


@given(text=ODD, place=st.integers(0, 99), word=st.text(alphabet="xyz\u00a0", max_size=5))
def test_one_edited_line_leaves_all_others_byte_for_byte(text: str, place: int, word: str) -> None:
    data = text.encode()
    file = opened(data)
    lines = file.shown().split("\n")
    place %= len(lines)
    before = "".join(a + b for a, b in zip(file.lines[:place], file.ends[:place], strict=True))
    after = "".join(a + b for a, b in zip(file.lines[place + 1 :], file.ends[place + 1 :], strict=True))
    lines[place] = word
    result = file.edited(lines).decode()
    assert result.startswith(before + word)
    assert result.endswith(file.ends[place] + after)


@given(text=ODD, place=st.integers(0, 99))
def test_a_line_put_in_or_taken_out_leaves_the_others(text: str, place: int) -> None:
    assume(not text.endswith("\r"))  # with a newline after it, it is one line end
    file = opened(text.encode())
    lines = file.shown().split("\n")
    place %= len(lines) + 1
    more = [*lines[:place], "new", *lines[place:]]
    result = file.edited(more)
    again = opened(result)
    assert again.shown().split("\n") == more
    for line, end in zip(file.lines[:-1], file.ends[:-1], strict=True):
        assert (line + end).encode() in result


@pytest.mark.parametrize(
    ("data", "row", "word", "wanted"),
    [
        (b"a\r\nb\r\nc", 1, "B", b"a\r\nB\r\nc"),
        (b"a\r\nb\nc\r\n", 1, "B", b"a\r\nB\nc\r\n"),
        (b"a\xc2\xa0b\nc\n", 1, "C", b"a\xc2\xa0b\nC\n"),
        ("a\u2028b\nc".encode(), 1, "C", "a\u2028b\nC".encode()),
        (b"\xef\xbb\xbfa\nb", 1, "B", b"\xef\xbb\xbfa\nB"),
        (b"a\rb\nc", 1, "C", b"a\rb\nC"),
        ("é\nb".encode("latin-1"), 1, "ü", "é\nü".encode("latin-1")),
        (b"\xff\xfea\0\r\0\n\0b\0", 1, "c", b"\xff\xfea\0\r\0\n\0c\0"),
    ],
)
def test_line_ends_signs_and_encodings_stay(data: bytes, row: int, word: str, wanted: bytes) -> None:
    file = opened(data)
    lines = file.shown().split("\n")
    lines[row] = word
    assert file.edited(lines) == wanted


def test_new_lines_end_as_the_file_does() -> None:
    file = opened(b"a\r\nb\r\n")
    assert file.edited(["a", "x", "y", "b", ""]) == b"a\r\nx\r\ny\r\nb\r\n"
    assert file.edited(["a", "b"]) == b"a\r\nb", "who takes the last newline away wants that"
    assert opened(b"").edited(["a", ""]) == b"a\n"


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\x01\0", b"a\0b", bytes(range(256)), b"\x1f\x8b\x08abc", b"\xff\xfea\0b"]
)
def test_what_is_not_text_is_not_taken_for_text(data: bytes) -> None:
    assert FileText.of(data) is None


def test_a_sign_the_encoding_does_not_have_is_told_and_nothing_is_lost() -> None:
    with pytest.raises(NotInThisEncoding) as told:
        opened("é".encode("latin-1")).edited(["€"])
    assert (told.value.sign, told.value.encoding) == ("€", "ISO-8859-1")
