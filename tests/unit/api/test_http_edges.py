"""What lies below every endpoint, piece by piece: filters, moments, keys, frames, compressed and spooled bodies."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.api.http import decompression, hijack, spooled
from engine.api.http.decompression import decompressed
from engine.api.http.detach import USUAL, DetachWatch, detach_keys
from engine.api.http.hijack import frames
from engine.api.http.query_filters import Filters, parse_moment
from engine.api.http.statuses import Refusal, advice_of, message_of, status_of, unsupported
from engine.api.http.versions import check_version
from engine.errors import Code, NotFound, RuntimeFailure, Unsupported, WherryError
from engine.types.data import LabelRule
from tests.unit.api.process import announce
from tests.unit.api.serving import pieces, until

if TYPE_CHECKING:
    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served

# --- filters ---


def refused(*given: str) -> str:
    with pytest.raises(Refusal) as caught:
        Filters({"dangling": given}).flag("dangling")
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        (("1",), True), (("T",), True), (("yes",), True), (("TRUE", "1"), True), (("0",), False), (("F",), False),
        (("no",), False), (("False",), False), ((), None),
    ],
)  # fmt: skip
def test_a_flag_has_dockers_words(given: tuple[str, ...], flag: bool | None) -> None:
    assert Filters({"dangling": given}).flag("dangling") is flag


def test_a_flag_that_is_both_or_neither_is_refused() -> None:
    assert refused("true", "false") == "invalid filter 'dangling=[true false]'"
    assert refused("maybe") == "invalid filter 'dangling=[maybe]'"
    assert refused("x" * 300) == f"invalid filter 'dangling=[{'x' * 200}]'"


def test_a_filter_without_values_lets_everything_through() -> None:
    filters = Filters.parse('{"name":[],"label":{"a":false}}', frozenset({"name", "label"}))
    assert list(filters) == ["name", "label"]
    assert "name" not in filters
    assert filters.exact("name", "x")
    assert filters.prefix("name", "x")
    assert filters.name("name", "x")
    assert filters.labels("label", {})
    assert filters.until_ns() == 0
    assert list(Filters.parse("", frozenset())) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"odd":["x"]}', "invalid filter 'odd'"),
        ("[]", "invalid filter"),
        ('{"name":"x"}', "invalid filter"),
        ('{"name":["' + "x" * (64 << 10) + '"]}', "invalid filter"),
    ],
)
def test_what_is_no_filter_is_told(text: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        Filters.parse(text, frozenset({"name"}))
    assert (caught.value.status, caught.value.message) == (400, words)


def test_the_longest_filter_is_taken() -> None:
    frame = '{"name":["%s"]}'
    value = "x" * ((64 << 10) - len(frame) + 2)
    assert Filters.parse(frame % value, frozenset({"name"})).get("name") == (value,)


def test_alternatives_of_one_key_and_beginnings() -> None:
    filters = Filters({"id": ("abc", "def")})
    assert [filters.exact("id", each) for each in ("abc", "def", "abcd")] == [True, True, False]
    assert [filters.prefix("id", each) for each in ("abc", "defg", "ab")] == [True, True, False]


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("/web", "web-1", True), ("/eb", "web", False), ("^web$", "web-1", False), ("eb$", "web", True),
        ("eb$", "web-1", False), ("w.b", "web", True), ("^.web", "web", True), ("^/w.b", "web", True),
        ("(", "a(b", True),
        ("[a", "x[a", True), ("a{1,2}", "xaax", True), ("[[:alpha:]]", "x[[:alpha:]]", True), ("a||b", "b", False),
        ("a|b", "b", True), ("w-b/c:d@e", "w-b/c:d@e", True), ("x" * 256, "x" * 256, True),
    ],
)  # fmt: skip
def test_a_name_is_found_as_docker_finds_it(pattern: str, value: str, found: bool) -> None:
    assert Filters({"name": ("nosuch", pattern)}).name("name", value) is found


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("x" * 257, "a name filter is too long"), ("(a+)+", "the name filter '(a+)+' is too complicated")],
)
def test_a_name_filter_that_could_run_away_is_told(pattern: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        Filters({"name": (pattern,)}).name("name", "a")
    assert (caught.value.status, caught.value.message) == (400, words)


def test_labels_of_a_prune_are_wanted_or_not() -> None:
    filters = Filters({"label": ("a=1", "b"), "label!": ("c=x=y",)})
    assert filters.label_rule() == LabelRule(wanted={"a": "1", "b": ""}, unwanted={"c": "x=y"})


def test_one_moment_bounds_a_prune() -> None:
    assert Filters({"until": ("7",)}).until_ns() == 7 * 10**9
    assert Filters({"unused-for": ("7",)}).until_ns("unused-for") == 7 * 10**9
    with pytest.raises(Refusal) as caught:
        Filters({"until": ("7", "8")}).until_ns()
    assert (caught.value.status, caught.value.message) == (400, "more than one until filter specified")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (" 7 ", 7 * 10**9), ("0.5", 500_000_000), ("1.0000000019", 10**9 + 1),
        ("999999999999", 999_999_999_999 * 10**9),
        ("1970-01-01T00:01", 60 * 10**9), ("1970-01-01T01", 3600 * 10**9), ("1970-01-02T00:00:00.000000001-01:00",
         90_000 * 10**9 + 1), ("1970-01-01T00:00:01.5", 1_500_000_000),
    ],
)  # fmt: skip
def test_a_moment_in_each_of_its_spellings(text: str, moment: int) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1d", 86400 * 10**9), ("2h", 7200 * 10**9), ("3m", 180 * 10**9), ("1.5s", 1_500_000_000), ("5ms", 5_000_000),
        ("7us", 7000), ("7µs", 7000), ("9ns", 9), ("1m1s", 61 * 10**9),
    ],
)  # fmt: skip
def test_a_duration_is_counted_back_from_now(monkeypatch: pytest.MonkeyPatch, text: str, nanoseconds: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    assert parse_moment(text) == 10**18 - nanoseconds


@pytest.mark.parametrize("text", ["1h" * 32, "1x", "1h 2m", "h", "2026-1-1", "2026-02-30", "9" * 13])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse_moment(text)
    said = f'failed to parse value as time or duration: "{text}"'
    assert (caught.value.status, caught.value.message) == (400, said)


# --- keys that let go ---


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", USUAL), ("a", b"a"), ("ctrl-a", b"\x01"), ("CTRL-Z", b"\x1a"), ("ctrl-@,ctrl-[", b"\x00\x1b"),
        ("ctrl-\\,ctrl-]", b"\x1c\x1d"), ("ctrl-^,ctrl-_,DEL", b"\x1e\x1f\x7f"), (",".join("a" * 64), b"a" * 64),
    ],
)  # fmt: skip
def test_keys_are_read_as_docker_writes_them(text: str, keys: bytes) -> None:
    assert detach_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ctrl-1", "Invalid detach keys (ctrl-1) provided: Unknown character: 'ctrl-1'"),
        ("a,ä", "Invalid detach keys (a,ä) provided: Unknown character: 'ä'"),
        (",".join("a" * 65), "Invalid detach keys provided: there are too many"),
    ],
)
def test_keys_that_nobody_can_type_are_told(text: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        detach_keys(text)
    assert (caught.value.status, caught.value.message) == (400, words)


@pytest.mark.parametrize(
    ("typed", "passed", "detached"),
    [
        ([b"abc"], b"abc", False),
        ([b"a\x10b"], b"a\x10b", False),
        ([b"a\x10\x11b"], b"a", True),
        ([b"a\x10", b"\x11b"], b"a", True),
        ([b"a\x10", b"b"], b"a\x10b", False),
        ([b"\x10\x10\x11"], b"\x10", True),
        ([b"\x10", b"\x10", b"x"], b"\x10\x10x", False),
        ([b"\x11\x10"], b"\x11", False),
    ],
)
def test_what_begins_like_the_keys_is_held_back_until_it_is_clear(
    typed: list[bytes], passed: bytes, detached: bool
) -> None:
    watch = DetachWatch(USUAL)
    assert b"".join(watch.feed(each) for each in typed) == passed
    assert watch.detached is detached


def test_one_key_is_enough() -> None:
    watch = DetachWatch(b"q")
    assert (watch.feed(b"ab"), watch.detached) == (b"ab", False)
    assert (watch.feed(b"cqd"), watch.detached) == (b"c", True)


async def test_a_client_that_types_faster_than_it_is_read_is_made_to_wait(api: Served, process: Process) -> None:
    may_read, given = asyncio.Event(), []

    async def write(data: bytes) -> None:
        await may_read.wait()
        given.append(len(data) - data.count(b"x"))
        process.given += data[-1:]

    process.write = write  # type: ignore[method-assign]
    made = await announce(api)
    raw = await api.upgrade(f"/exec/{made}/start", b"{}")
    sock = raw.writer.get_extra_info("socket")
    sent, most = 0, 16 << 20
    for _ in range(most >> 16):
        with suppress(BlockingIOError):
            sent += os.write(sock.fileno(), b"x" * (1 << 16))
        await asyncio.sleep(0)
    assert sent < most // 4, "all of it was taken into memory"
    may_read.set()
    while True:  # what was kept back comes, and more can be typed
        with suppress(BlockingIOError):
            os.write(sock.fileno(), b"!")
            break
        await asyncio.sleep(0)
    await until(lambda: process.given.endswith(b"!"))
    assert sum(given) == 1, "nothing came in between"
    process.end()
    await raw.rest()
    await raw.close()


@pytest.mark.parametrize(("protocol", "first"), [("tcp", "101 UPGRADED"), ("TCP", "101 UPGRADED"), ("odd", "200 OK")])
async def test_only_an_upgrade_that_is_known_is_answered_as_one(
    api: Served, process: Process, protocol: str, first: str
) -> None:
    process.end()
    raw = await api.upgrade(f"/exec/{await announce(api)}/start", b"{}", protocol=protocol)
    assert raw.head.startswith(f"HTTP/1.1 {first}\r\n")
    assert ("Upgrade:" in raw.head) is (first != "200 OK")
    await raw.rest()
    await raw.close()


# --- frames ---


def test_more_than_a_frame_holds_is_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hijack, "_FRAME_MAXIMUM", 3)
    assert frames("stderr", b"abc") == b"\x02\0\0\0\0\0\0\x03abc"
    assert frames("stdout", b"abcd") == b"\x01\0\0\0\0\0\0\x03abc\x01\0\0\0\0\0\0\x01d"


# --- bodies ---


async def whole(*given: bytes) -> bytes:
    return b"".join([piece async for piece in decompressed(pieces(*given))])


BODY = bytes(range(256)) * 40


@pytest.mark.parametrize("size", [1, 5, 6, 7, 100, 1 << 20])
@pytest.mark.parametrize(
    "packed",
    [
        BODY,
        b"short",
        b"",
        gzip.compress(BODY, mtime=0),
        gzip.compress(BODY[:5000], mtime=0) + gzip.compress(BODY[5000:], mtime=0),
        gzip.compress(BODY, mtime=0) + bytes(64),
        zstandard.compress(BODY),
        gzip.compress(b"", mtime=0),
    ],
    ids=["plain", "short", "empty", "gzip", "two", "padded", "zstd", "nothing"],
)
async def test_a_body_is_unpacked_in_whatever_pieces_it_comes(packed: bytes, size: int) -> None:
    expected = {b"short": b"short", b"": b"", gzip.compress(b"", mtime=0): b""}.get(packed, BODY)
    given = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert await whole(*given) == expected


async def test_a_little_body_does_not_unfold_into_one_great_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompression, "_PIECE", 1000)
    sizes = [len(piece) async for piece in decompressed(pieces(gzip.compress(bytes(5500), mtime=0)))]
    assert (max(sizes), sum(sizes)) == (1000, 5500)


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (gzip.compress(BODY)[:-9], "the gzip stream ends in the middle"),
        (b"\x1f\x8b\x08\0" + b"\xff" * 50, "the gzip stream is damaged: "),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "the zstd stream is damaged: "),
    ],
)
async def test_a_damaged_body_is_told_with_what_is_wrong(packed: bytes, words: str) -> None:
    with pytest.raises(WherryError) as caught:
        await whole(packed)
    assert caught.value.docker.startswith(words)
    assert caught.value.explanation == f"{caught.value.docker}."
    assert (caught.value.title, caught.value.code) == ("The archive cannot be read", Code.BAD_ARCHIVE)


@pytest.mark.parametrize("head", [b"BZh91AY", b"\xfd7zXZ\0"])
async def test_what_is_packed_otherwise_is_refused_at_once(head: bytes) -> None:
    with pytest.raises(Unsupported, match="bzip2 and xz archives are not supported by Wherry"):
        await whole(head[:2], head[2:])


async def test_a_spooled_stream_is_read_by_several_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooled, "_PIECE", 4)
    async with spooled.spooled(pieces(b"0123", b"456", b"789")) as kept:
        first = kept.pieces()
        assert await anext(first) == b"0123"
        assert [piece async for piece in kept.pieces()] == [b"0123", b"4567", b"89"]
        assert [piece async for piece in first] == [b"4567", b"89"]


# --- words and versions ---


@pytest.mark.parametrize(
    ("error", "message", "advice"),
    [
        (NotFound("No x"), "No x", ""),
        (NotFound("No x", "Because."), "No x. Because.", ""),
        (NotFound("No x", hint="Make it."), "No x. Make it.", ""),
        (NotFound("No x", "Because.", docker="no such x"), "no such x", "No x. Because."),
        (NotFound("No x", docker="No x"), "No x", ""),
        (RuntimeFailure("It is not there", code=Code.COMMAND_NOT_FOUND),
         "executable file not found in $PATH: It is not there", ""),
        (RuntimeFailure("permission denied by it", code=Code.COMMAND_NOT_EXECUTABLE), "permission denied by it", ""),
    ],
)  # fmt: skip
def test_an_error_is_told_in_dockers_words_and_explained_beside_them(
    error: WherryError, message: str, advice: str
) -> None:
    assert (message_of(error), advice_of(error)) == (message, advice)


def test_what_is_not_supported_is_told_with_why() -> None:
    refusal = unsupported("that", "it is not there")
    assert (refusal.status, refusal.message) == (501, "that is not supported by Wherry: it is not there")
    assert str(refusal) == refusal.message
    assert status_of(NotFound("x")) == 404


@pytest.mark.parametrize(("major", "minor"), [(1, 24), (1, 54)])
def test_the_oldest_and_the_newest_version_are_served(major: int, minor: int) -> None:
    assert check_version(major, minor) == (major, minor)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ((1, 23), "client version 1.23 is too old. Minimum supported API version is 1.24, "
                  "please upgrade your client to a newer version"),
        ((0, 99), "client version 0.99 is too old. Minimum supported API version is 1.24, "
                  "please upgrade your client to a newer version"),
        ((1, 55), "client version 1.55 is too new. Maximum supported API version is 1.54"),
        ((2, 0), "client version 2.0 is too new. Maximum supported API version is 1.54"),
    ],
)  # fmt: skip
def test_versions_beyond_are_refused_in_dockers_words(version: tuple[int, int], words: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_version(*version)
    assert (caught.value.status, caught.value.message) == (400, words)
