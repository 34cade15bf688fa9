"""What clients of the socket and other programs say."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from engine.api.call import decode
from engine.api.http.detach import detach_keys
from engine.api.http.query_filters import Filters, parse_moment
from engine.api.http.statuses import Refusal
from engine.api.shapes import bodies
from engine.errors import WherryError
from engine.logs.searching.question import Question, compile_question
from engine.logs.written.format import Joiner
from engine.networks.host import resolvers
from engine.processes.conmon import parse_exit_code, parse_sync
from engine.recipe import body
from engine.recipe.crossing import spec_of
from engine.recipe.faults import Unreadable
from engine.stats import parse as figures
from tests.fuzz.inputs import Kind
from tests.fuzz.reader import Reader, as_json, keys_of

# --- the socket, and what other programs say ---

_BODY = {
    "Image": "x", "Cmd": ["a"], "Env": ["A=b"], "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "b"},
    "HostConfig": {"Memory": 1 << 26, "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}, "Binds": ["/a:/b:ro"],
                   "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v"}], "NetworkMode": "bridge",
                   "RestartPolicy": {"Name": "always"}, "Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}],
                   "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}, "Tmpfs": {"/t": "size=1m"}},
    "NetworkingConfig": {"EndpointsConfig": {"n": {"Aliases": ["a"]}}}, "Healthcheck": {"Test": ["CMD", "x"]},
}  # fmt: skip


def _create_body(data: bytes) -> None:
    with suppress(Refusal):
        decode(data, bodies.CreateBody)
    spec_of(body.load(decode(data, dict[str, Any])).recipe)


def _filters(data: bytes) -> None:
    Filters.parse(data.decode(errors="replace"), frozenset({"label", "name", "until", "status"}))


def _moment(data: bytes) -> None:
    parse_moment(data.decode(errors="replace"))


def _detach(data: bytes) -> None:
    detach_keys(data.decode(errors="replace"))


def _log(data: bytes) -> None:
    pieces = data.replace(b"\r", b"").split(b"\n")
    whole, cut, lines, at = Joiner(), Joiner(), [], 0
    for piece in pieces:
        lines += cut.feed(piece + b"\n", at)
        at += len(piece) + 1
    assert whole.feed(b"\n".join(pieces) + b"\n", 0) == lines, "the cut decides what lines there are"


def _log_query(data: bytes) -> None:
    plan = compile_question(Question(pattern=data.decode(errors="replace"), regex=True))
    if plan.expression is not None:
        plan.expression.search("GET /index.html aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b 200"[:60])


def _of_helpers(data: bytes) -> None:
    parse_sync(data)
    parse_exit_code(data.decode(errors="replace"))
    for read in (figures.number, figures.pressure, figures.io_v2, figures.io_v1):
        read(data)
    resolvers.reachable(data.decode(errors="replace"))


_LOG_LINE = b"2026-11-21T00:00:00.000000000+00:00 stdout F GET / 200\n2026-11-21T00:00:01.000000000+00:00 stderr P part"

TALK: tuple[Reader, ...] = (
    Reader(
        "bodies of requests",
        Kind((as_json(_BODY),), keys_of(_BODY)),
        _create_body,
        (WherryError, Unreadable, Refusal, msgspec.MsgspecError, RecursionError),
        5,
    ),
    Reader(
        "filters",
        Kind((b'{"label":["a=b"],"until":{"24h":true}}',), ('"label":', '"until":', "[", "{"), 4096),
        _filters,
        (Refusal, WherryError),
        6,
    ),
    Reader(
        "moments",
        Kind((b"1h30m", b"2026-01-02T03:04:05.123456789Z", b"1700000000.5"), ("h", "m", "s", "Z", "+00:00"), 1024),
        _moment,
        (Refusal, WherryError),
        10,
    ),
    Reader(
        "keys to detach", Kind((b"ctrl-p,ctrl-q", b"a,b"), ("ctrl-", ","), 256), _detach, (Refusal, WherryError), 10
    ),
    Reader(
        "log files",
        Kind((_LOG_LINE,), (" stdout F ", " stderr P ", "2026-11-21T00:00:00.000000000+00:00"), 16384),
        _log,
        (),
        5,
    ),
    Reader(
        "questions to logs",
        Kind(
            (b"(a|b)+c", b"err.*[0-9]{3}$", b"(?i)^x"), ("(", ")", "+", "*", "{1,9}", "|", "(?:", "[^a]", "\\b"), 2048
        ),
        _log_query,
        (re.error, WherryError, OverflowError),
        4,
    ),
    Reader(
        "words of helpers",
        Kind(
            (
                b'{"pid":5}',
                b"some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
                b"8:0 rbytes=1 wios=2\n",
                b"eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                b"nameserver 1.1.1.1\nsearch a\n",
            ),
            ("=", ":", " "),
            8192,
        ),
        _of_helpers,
        (),
        6,
    ),
)
