"""A container as the networks room knows it."""

from __future__ import annotations

from engine.recipe.networks import is_shared
from engine.types.data import Data


class Member(Data, frozen=True, kw_only=True):
    container_id: str
    name: str
    network: str
    """"pasta", "none", "host", "container:ID", "pod:NAME" or a named network."""
    hostname: str = ""
    aliases: tuple[str, ...] = ()
    own_dns: bool = False
    """It asks other name servers than the host's."""

    @property
    def is_named(self) -> bool:
        return self.network not in ("pasta", "none", "host") and not is_shared(self.network)

    @property
    def host_names(self) -> tuple[str, ...]:
        """What neighbours may call it."""
        words = (self.name, self.hostname, self.container_id[:12], *self.aliases)
        return tuple(dict.fromkeys(word for word in words if word))
