"""The network's name in a recipe and in Docker's words."""

from __future__ import annotations

OWN_NETWORK = "pasta"
"""A container's own network; Docker's clients know it as the default bridge. So is the program that makes it."""
SHOWN_NETWORK = "bridge"
_OF_A_POD = "pod:"


def network_name(given: str) -> str:
    """Docker's words for the default network are the engine's own one."""
    return OWN_NETWORK if given in ("", "default", SHOWN_NETWORK) else given


def network_mode(network: str) -> str:
    return SHOWN_NETWORK if network in ("", OWN_NETWORK) else network


def shown_network(name: str) -> str:
    return SHOWN_NETWORK if name == OWN_NETWORK else name


def is_shared(network: str) -> bool:
    """Whether it is that of another container, or of a pod."""
    return network.startswith(("container:", _OF_A_POD))


def of_pod(pod: str) -> str:
    """What a recipe names as the network of a pod's container."""
    return _OF_A_POD + pod


def pod_of(network: str) -> str:
    """The pod whose container says this, "" for none."""
    return network.removeprefix(_OF_A_POD) if network.startswith(_OF_A_POD) else ""
