"""Who wants no neighbours on the default network: `wherry.isolated=true` on a container. It has its way out and its
published ports, and no address that the others of that network could reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidRequest
from engine.networks.limits.egress import LABEL as EGRESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.containers import ContainerSpec

LABEL = "wherry.isolated"
_DEFAULT = "pasta"


def is_isolated(labels: Mapping[str, str]) -> bool:
    return labels.get(LABEL, "").lower() in ("true", "1", "t")


def check(spec: ContainerSpec) -> None:
    """Refuse what could not be held to."""
    if not is_isolated(spec.labels):
        return
    if spec.network not in (_DEFAULT, "none"):
        raise InvalidRequest(
            f"{LABEL} is for containers on the default network",
            "On a network of your own, all members are kept apart or none.",
            hint="Make that network with --opt com.docker.network.bridge.enable_icc=false.",
        )
    if EGRESS in spec.labels:
        raise InvalidRequest(
            f"{LABEL} and {EGRESS} do not go together",
            "An allow-list is held to by the names server of a network, which this container would not be in.",
            hint="Give it a network of its own, made with --opt com.docker.network.bridge.enable_icc=false.",
        )
