"""A blob that goes on where it broke: the part that comes must be the one that was asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from aiohttp import web

from engine.errors import RegistryError
from engine.registry.client import _bytes_to_skip
from tests.support.nasty_registry import IMPATIENT, client_for, serve_nastily
from tests.unit.registry.test_asking import DIGEST

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp


def skipped(status: int, content_range: str = "", length: int | None = None, *, offset: int = 500) -> int:
    headers = {"Content-Range": content_range} if content_range else {}
    answer = SimpleNamespace(status=status, headers=headers, content_length=length, url="https://r/blob")
    return _bytes_to_skip(cast("aiohttp.ClientResponse", answer), offset, 1000, "r")


def test_the_rest_is_taken_as_it_is() -> None:
    assert skipped(206, "bytes 500-999/1000", 500) == 0


@pytest.mark.parametrize(
    "content_range", ["bytes 0-999/1000", "bytes 501-999/1000", "bytes 5-999/1000", "lines 500-999/1000", "bytes", ""]
)
def test_another_part_is_refused(content_range: str) -> None:
    with pytest.raises(RegistryError, match="another part"):
        skipped(206, content_range)


def test_the_whole_is_read_past_what_is_there() -> None:
    assert skipped(200, length=1000) == 500
    assert skipped(200) == 500


def test_a_whole_of_another_size_is_refused() -> None:
    with pytest.raises(RegistryError, match="wrong size"):
        skipped(200, length=999)


async def test_a_blob_is_asked_for_so_often_without_getting_further(tmp_path: Path) -> None:
    async with serve_nastily() as registry, client_for(tmp_path) as client:

        async def short(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()  # no length is said
            await response.prepare(request)
            await response.write(b"")
            return response

        registry.routes["/v2/app/blobs/"] = short
        with pytest.raises(RegistryError) as caught:
            [piece async for piece in client.blob(registry.host, "app", DIGEST, 100)]
        assert len(registry.requests) == IMPATIENT.tries
    assert (caught.value.title, caught.value.details) == (f"{registry.host} sent too little", DIGEST)
    assert "0 of 100" in caught.value.explanation
