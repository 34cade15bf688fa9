"""Plain files of the web, as a stream: for ADD, for build contexts and for imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from engine.errors import Code, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from engine.registry.settings import RegistryBook

_CHUNK: Final = 1 << 20
_MOST_BYTES: Final = 64 << 30
_SECONDS_TO_CONNECT: Final = 30.0
_SECONDS_OF_SILENCE: Final = 60.0


def is_url(word: str) -> bool:
    return word.startswith(("http://", "https://"))


class Web:
    """The way there, with the user's proxies."""

    def __init__(self, book: RegistryBook) -> None:
        self._book = book

    def environment(self) -> dict[str, str]:
        """The variables by which another program finds the proxies."""
        self._book.refresh()
        return self._book.proxy_environment()

    async def pieces(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address; whatever is wrong there is a `RegistryError`. Where it leads on to another
        server, that one is told no authorization."""
        import aiohttp  # only who downloads waits for it to load

        from engine.registry import faults

        # The library would end a whole download after five minutes; here only silence ends it.
        patience = aiohttp.ClientTimeout(total=None, sock_connect=_SECONDS_TO_CONNECT, sock_read=_SECONDS_OF_SILENCE)
        self._book.refresh()
        total = 0
        try:
            parts = urlsplit(url)
            proxy = self._book.proxy_for(parts.scheme, parts.netloc.rpartition("@")[2]) or None
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.get(url, proxy=proxy, headers=headers) as response,
            ):
                if response.status != 200:
                    code = Code.NOT_FOUND if response.status == 404 else Code.BAD_RESPONSE
                    raise RegistryError(f"{url} answered {response.status} {response.reason}", code=code, subject=url)
                async for block in response.content.iter_chunked(_CHUNK):
                    total += len(block)
                    if total > _MOST_BYTES:
                        raise RegistryError("The download is larger than 64 GiB", code=Code.BAD_RESPONSE)
                    yield block
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            fault = faults.classify(error, url)
            raise RegistryError(
                f"{url} could not be fetched", str(error) or fault.explanation, code=fault.code, subject=url
            ) from error
