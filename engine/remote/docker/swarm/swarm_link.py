"""Questions to the manager of a swarm, its refusals as our errors, and changes of what others change too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, Unsupported, WherryError
from engine.remote.docker.images.registry_login import login_headers
from engine.swarm import shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.remote.docker.known.following import DockerState
    from engine.remote.machine_engine import FindLogin
    from engine.swarm.shapes import Json

_DISTRIBUTION_SECONDS = 30.0
_TRIES = 4
Headers = dict[str, str]
_LISTS = {"services": "/services", "tasks": "/tasks", "nodes": "/nodes", "configs": "/configs", "secrets": "/secrets"}


class SwarmLink:
    """Questions to a manager; its refusals as our errors."""

    def __init__(self, state: DockerState, find_login: FindLogin) -> None:
        self._state = state
        self._link = state.link
        self._find_login = find_login

    async def login(self, image: str, *, wanted: bool) -> Headers | None:
        """What carries this computer's login for the image's registry to the nodes, where it is to and there is one."""
        return login_headers(await self._find_login(image)) if wanted else None

    async def ask(
        self,
        method: str,
        path: str,
        query: dict[str, object] | None = None,
        *,
        body: object = None,
        headers: Headers | None = None,
    ) -> Any:
        if self._state.kind == "podman":
            raise Unsupported("Podman knows no swarm", "A swarm is Docker's.")
        try:
            return await self._link.json(method, path, query, body=body, headers=headers, seconds=60.0)
        except (RuntimeFailure, InvalidRequest) as error:
            said = error.title
            if "not a swarm manager" in said:
                raise Unsupported(
                    "The engine there manages no swarm",
                    "It is in none, or it is a worker: ask a manager.",
                    hint="docker swarm init",
                ) from error
            if "out of sequence" in said:
                raise Conflict("Somebody else has changed it in the same moment") from error
            words = said.partition("desc = ")[2] or said
            title = words[:1].upper() + words[1:]
            if "in use" in words:
                raise Conflict(title, code=Code.IN_USE) from error
            if "not found" in words:
                raise NotFound(title) from error
            if "rpc error" in said.lower():
                raise InvalidRequest(title) from error
            raise

    async def lists(self) -> dict[str, Any]:
        answers = await asyncio.gather(
            *(self.ask("GET", path, {"status": True} if kind == "services" else None) for kind, path in _LISTS.items())
        )
        return dict(zip(_LISTS, answers, strict=True))

    async def one(self, kind: str, name: str) -> Json:
        """By its name, its id or the beginning of that."""
        found: Json = await self.ask("GET", f"/{kind}/{quote(name, safe='')}")
        return found

    async def has_network(self, network: str) -> bool:
        """A network that was removed while containers were on it may stay in a node's list for ever."""
        try:
            await self.ask("GET", f"/networks/{quote(network)}")
        except NotFound:
            return False
        return True

    async def network_id(self, name: str) -> str:
        found = await self.ask("GET", f"/networks/{quote(name, safe='')}")
        return str(found["Id"])

    async def settle_image(self, image: str, login: Headers | None = None) -> str:
        """The image with the digest a registry has for it now. NotFound and the like where none says."""
        path = f"/distribution/{quote(image)}/json"
        found = await self._link.json("GET", path, headers=login, seconds=_DISTRIBUTION_SECONDS)
        digest = str(shapes.part(found, "Descriptor").get("digest") or "")
        return f"{image}@{digest}" if digest else image

    async def change(
        self,
        service: str,
        work: Callable[[Json], Json],
        query: dict[str, object] | None = None,
        *,
        headers: Headers | None = None,
    ) -> list[str]:
        """`work` gives the new spec of the old; tried again where somebody was quicker. Gives the warnings."""
        for attempt in range(_TRIES):
            row = await self.one("services", service)
            spec = shapes.part(row, "Spec")
            asked = {"version": shapes.part(row, "Version").get("Index"), **(query or {})}
            try:
                path = f"/services/{row['ID']}/update"
                done = await self.ask("POST", path, asked, body=work(spec), headers=headers)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
                continue
            return [str(each) for each in (done or {}).get("Warnings") or ()]
        return []


async def resolved(link: SwarmLink, image: str, login: Headers | None = None) -> tuple[str, list[str]]:
    """With its digest, or as it is with the reason why not."""
    if "@" in image:
        return image, []
    try:
        return await link.settle_image(image, login), []
    except WherryError as error:
        return image, [
            f"No registry told which {image} is meant ({error.title}): each node takes the one it has or finds."
        ]
