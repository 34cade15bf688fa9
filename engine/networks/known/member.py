"""A container as the networks room knows it."""

from __future__ import annotations

from engine.recipe.networks import is_shared
from engine.types.data import Data
from engine.types.networks import Endpoint


class Member(Data, frozen=True, kw_only=True):
    container_id: str
    name: str
    network: str
    """"pasta", "none", "host", "container:ID", "pod:NAME" or a named network."""
    hostname: str = ""
    aliases: tuple[str, ...] = ()
    asked: Endpoint = Endpoint()
    """The addresses it wants on its own network."""
    dns: tuple[str, ...] = ()
    """The name servers it asks instead of the host's."""
    reaches_host: bool = False
    """Services on the host's own loopback are there for it, at the address of the host's router."""

    is_isolated: bool = False
    """It wants no neighbours on the default network."""

    @property
    def is_bridged(self) -> bool:
        """Whether its own network has others in it."""
        return self.network not in ("none", "host") and not is_shared(self.network) and not self.is_isolated

    @property
    def is_named(self) -> bool:
        return self.is_bridged and self.network != "pasta"

    @property
    def host_names(self) -> tuple[str, ...]:
        """What neighbours may call it."""
        words = (self.name, self.hostname, self.container_id[:12], *self.aliases)
        return tuple(dict.fromkeys(word for word in words if word))
