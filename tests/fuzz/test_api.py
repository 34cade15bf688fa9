"""Whatever arrives on the socket: an answer below 500 or one that says why, no traceback, and an engine unharmed.

About 2,500 requests: 700 made-up requests to made-up or real paths, 150 for each of eight bodies, 300 raw byte strings,
and the parsers on their own.
"""

from __future__ import annotations

import asyncio
import json
import string
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.api.docker.credentials import login
from engine.api.docker.platforms import platform_of
from engine.api.http.query_filters import Filters, parse_moment
from engine.api.http.statuses import Refusal
from engine.api.routes import ROUTES
from engine.api.shapes import bodies
from engine.recipe.body import load, load_update
from engine.recipe.crossing import spec_of
from engine.recipe.faults import Unreadable
from engine.recipe.rows import REFUSED, ROWS
from tests.support.stores import make_short_tmp, remove_tree
from tests.unit.api.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(["shop-web-1", "nosuch", "nginx:1.27", "bridge", "0", "..", "%2e%2e", "ä", "a/b/c", "x" * 300])
KEYS = ("all limit filters size t signal name condition stdout stderr stream follow tail since until h w path force v "
        "fromImage tag repo names platform term type quiet link ps_args version dockerfile").split()  # fmt: skip
QUERY = st.dictionaries(st.sampled_from(KEYS), st.text(max_size=30) | JSON.map(json.dumps), max_size=5)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
# These answer only when something happens, which for a fuzzer is never.
ENDLESS = {
    "/events",
    "/containers/{id}/attach",
    "/containers/{id}/wait",
    "/containers/{id}/stats",
    "/containers/{id}/logs",
    "/wherry/facade/watch",
    "/wherry/networks/watch",
}
PATTERNS = st.sampled_from(sorted({route.pattern for route in ROUTES} - ENDLESS))


@asynccontextmanager
async def fresh() -> AsyncIterator[Served]:
    place = make_short_tmp()
    try:
        async with serving(place.run) as api:
            yield api
    finally:
        remove_tree(place.path)


def against_one_server(send: Callable[[Served, Any], Awaitable[None]], cases: list[Any]) -> None:
    async def run() -> None:
        async with fresh() as api:
            for case in cases:
                await asyncio.wait_for(send(api, case), 10)
            assert (await api.ask("GET", "/_ping")).body == b"OK"
            assert isinstance(await api.get("/containers/json?all=1"), list)

    asyncio.run(run())


def check(status: int, body: bytes) -> None:
    assert status < 500 or status in (501, 503, 504, 507), body
    assert b"Traceback" not in body
    assert b'File "' not in body
    if status >= 400 and body:
        assert json.loads(body)["message"]


def fill(pattern: str, word: str) -> str:
    for part in ("{id}", "{name}", "{name...}", "{rest...}", "{checkpoint}"):
        pattern = pattern.replace(part, word if "%" in word else quote(word))
    return pattern


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples at once, so that one server answers them all."""
    made: list[Any] = []

    @settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(strategy)
    def collect(example: Any) -> None:
        made.append(example)

    collect()
    return made


def test_any_request_to_any_path() -> None:
    cases = drawn(st.tuples(METHODS, PATTERNS, WORDS, QUERY, JSON | st.none()), 700)

    async def send(api: Served, case: tuple[str, str, str, dict[str, str], Any]) -> None:
        method, pattern, word, query, body = case
        text = "&".join(f"{key}={quote(value, errors='replace')}" for key, value in query.items())
        reply = await api.ask(method, f"{fill(pattern, word)}?{text}", body)
        check(reply.status, reply.body)

    against_one_server(send, cases)


KEYS_OF_A_RECIPE = {row.key for row in (*ROWS, *REFUSED) if row.key} | {"NetworkingConfig", "NetworkDisabled"}
HOST_KEYS = sorted({key.split(".")[1] for key in KEYS_OF_A_RECIPE if key.startswith("HostConfig.")} | {"Links"})
OWN_KEYS = sorted({key.split(".")[0] for key in KEYS_OF_A_RECIPE})

BODIES: list[tuple[str, type[msgspec.Struct] | list[str]]] = [
    ("/containers/create", OWN_KEYS),
    ("/containers/shop-web-1/update", HOST_KEYS),
    ("/containers/shop-web-1/exec", bodies.ExecBody),
    ("/volumes/create", bodies.VolumeBody),
    ("/networks/create", bodies.NetworkBody),
    ("/networks/bridge/connect", bodies.ConnectBody),
    ("/networks/bridge/disconnect", bodies.DisconnectBody),
    ("/auth", bodies.AuthBody),
]


def fields(shape: type[msgspec.Struct] | list[str]) -> st.SearchStrategy[dict[str, Any]]:
    names = shape if isinstance(shape, list) else [field.encode_name for field in msgspec.structs.fields(shape)]
    return st.dictionaries(st.sampled_from(names), JSON, max_size=6)


def host_configs() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"HostConfig": fields(HOST_KEYS), "Image": st.just("nginx:1.27")})


@pytest.mark.parametrize(("path", "shape"), BODIES)
def test_any_body(path: str, shape: type[msgspec.Struct] | list[str]) -> None:
    made = drawn(fields(shape) | (host_configs() if path == "/containers/create" else st.nothing()) | JSON, 150)

    async def send(api: Served, body: Any) -> None:
        reply = await api.ask("POST", path, body)
        check(reply.status, reply.body)

    against_one_server(send, made)


def test_any_bytes() -> None:
    cases = drawn(
        st.binary(max_size=400)
        | st.text(string.printable, max_size=300).map(lambda text: f"GET /{text} HTTP/1.1\r\n\r\n".encode())
        | st.binary(max_size=60).map(lambda data: b"POST /containers/x/exec HTTP/1.1\r\nUpgrade: tcp\r\n" + data),
        300,
    )

    async def send(api: Served, data: bytes) -> None:
        reader, writer = await api.connect()
        try:
            writer.write(data + b"\r\n\r\n")
            writer.write_eof()
            answer = await reader.read()
            assert b"Traceback" not in answer
            assert b" 500 " not in answer.split(b"\r\n")[0]
        except ConnectionError:
            pass
        finally:
            writer.close()

    against_one_server(send, cases)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_the_parsers_refuse_and_never_break(text: str) -> None:
    for parse in (
        lambda: Filters.parse(text, frozenset({"name", "label"})).name("name", "web"),
        lambda: Filters({"name": (text,)}).name("name", "web"),
        lambda: parse_moment(text),
        lambda: platform_of(text),
        lambda: login(bodies.AuthBody(auth=text)),
    ):
        try:
            parse()
        except Refusal:
            pass


@settings(max_examples=400, deadline=None)
@given(fields(HOST_KEYS), fields(OWN_KEYS))
def test_a_recipe_is_made_or_refused(host: dict[str, Any], config: dict[str, Any]) -> None:
    for make in (
        lambda: load({**config, "Image": "a", "HostConfig": host}).recipe,
        lambda: load_update(host, load({"Image": "a"}).recipe),
    ):
        try:
            spec_of(make())
        except Unreadable:
            pass
