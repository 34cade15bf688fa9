"""A stream read through to its source: closing the one closes the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

T = TypeVar("T")


async def closable(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The same pieces. The facade promises iterators; those that hold something open can be closed."""
    try:
        async for piece in source:
            yield piece
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
