"""A blob that goes on where it broke: the part that comes must be the one that was asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from engine.errors import RegistryError
from engine.registry.client import _bytes_to_skip

if TYPE_CHECKING:
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
