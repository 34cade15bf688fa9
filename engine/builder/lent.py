"""What a build was given beside its files, or is lent when it asks: secrets, ssh agents, logins for registries; and
what these say to the servers that sources come from."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from engine.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade_lent import Lender
    from engine.types.builds import BuildImage
    from engine.types.images import Login

_GIT_HEADER: Final = "GIT_AUTH_HEADER"
_GIT_TOKEN: Final = "GIT_AUTH_TOKEN"
_WEB_HEADER: Final = "HTTP_AUTH_HEADER"
_WEB_TOKEN: Final = "HTTP_AUTH_TOKEN"
_DEFAULT_AGENT: Final = "default"


class Lent:
    """One build's. What the request holds comes first; the client is asked for the rest, and only when it is needed."""

    def __init__(self, request: BuildImage, lender: Lender | None = None) -> None:
        self._secrets = {each.id: each.value for each in request.secrets}
        self._agents = request.ssh_sockets
        self._logins = request.logins
        self._lender = lender

    async def secret(self, name: str) -> bytes | None:
        if name in self._secrets or self._lender is None:
            return self._secrets.get(name)
        return await self._lender.secret(name)

    async def agent(self, name: str) -> str | None:
        """The socket of an agent that is there."""
        path = self._agents.get(name)
        if path is None and self._lender is not None:
            path = await self._lender.agent(name)
        return path if path is not None and await asyncio.to_thread(os.path.exists, path) else None

    async def logins(self, image: str) -> Sequence[Login]:
        login = await self._lender.login(image) if self._lender is not None else None
        return (*self._logins, *([login] if login is not None else []))

    async def git_environment(self, repository: str) -> dict[str, str]:
        """Variables for git: the one server that a secret is meant for hears of it, and no list of processes does."""
        parts = urlsplit(repository)
        if parts.scheme not in ("http", "https"):
            agent = await self.agent(_DEFAULT_AGENT)
            return {"SSH_AUTH_SOCK": agent} if agent is not None else {}
        said = await self._first([f"{_GIT_HEADER}.", f"{_GIT_TOKEN}."], repository)
        if not said:
            return {}
        kind, value = said
        if kind.startswith(_GIT_TOKEN):
            value = "basic " + base64.b64encode(f"x-access-token:{value}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc.rpartition('@')[2]}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"Authorization: {value}",
        }

    async def web_headers(self, url: str) -> dict[str, str]:
        said = await self._first([f"{_WEB_HEADER}_", f"{_WEB_TOKEN}_"], url)
        if not said:
            return {}
        kind, value = said
        return {"Authorization": f"Bearer {value}" if kind.startswith(_WEB_TOKEN) else value}

    async def _first(self, prefixes: list[str], url: str) -> tuple[str, str] | None:
        """The first secret there is: of this server, then of any; its name and its text."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        names = [prefix + each for each in dict.fromkeys((host, host.partition(":")[0])) for prefix in prefixes]
        if prefixes[0].startswith(_GIT_HEADER):
            names += [prefix.rstrip(".") for prefix in prefixes]
        for name in names:
            if (value := await self.secret(name)) is not None:
                text = value.decode("utf-8", "replace").strip()
                if not text.isprintable():
                    raise InvalidRequest(f"The secret {name} is no line of text", subject=name)
                return name, text
        return None
