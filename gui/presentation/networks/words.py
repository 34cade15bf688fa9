"""Networks in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from gui.words import translate

if TYPE_CHECKING:
    from engine.types.networks import Network


def network_name(network: Network) -> str:
    """What a person calls it: those that are always there have names of the engine's."""
    return network_word(network.name) if network.builtin else network.name


def network_word(name: str) -> str:
    """The same for the network a container was made with."""
    words = {
        "pasta": translate("NetworkMap", "Default network"),
        "bridge": translate("NetworkMap", "Default network"),
        "host": translate("NetworkMap", "This computer's own network"),
        "none": translate("NetworkMap", "No network"),
    }
    return words.get(name, name)


def from_left(text: str) -> str:
    """Figures in their own order, also in a window whose words run from the right: with no letters of a language in
    them they would be turned around part by part."""
    return f"\u2066{text}\u2069" if QGuiApplication.isRightToLeft() else text
