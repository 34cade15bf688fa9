"""Networks as rows, and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.networks.words import network_name
from gui.presentation.units import ago_text, clock_text, short_id
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from engine.types.networks import Network, NetworkMember

COLUMNS = ("name", "driver", "subnet", "members", "created")


def networks_model(parent: QObject) -> KeyedTableModel[Network]:
    columns: list[Column[Network]] = [
        Column(
            "name",
            translate("NetworksModel", "Network"),
            network_name,
            subtext=_subtext,
            icon=lambda _network: "network",
            tone=lambda network: Tone.ACCENT if network.members else Tone.NEUTRAL,
        ),
        Column("driver", translate("NetworksModel", "Driver"), lambda network: network.driver),
        Column("subnet", translate("NetworksModel", "Subnet"), lambda network: network.subnet or "–"),
        Column(
            "members",
            translate("NetworksModel", "Containers"),
            lambda network: ", ".join(sorted(m.name for m in network.members)) or "–",
            sort=lambda network: len(network.members),
        ),
        Column(
            "created",
            translate("NetworksModel", "Created"),
            lambda network: ago_text(network.created),
            sort=lambda network: network.created.timestamp(),
            tooltip=lambda network: clock_text(network.created),
        ),
    ]
    return KeyedTableModel(columns, haystack=_haystack, parent=parent)


def members_model(parent: QObject) -> KeyedTableModel[NetworkMember]:
    """The containers in one network."""
    columns: list[Column[NetworkMember]] = [
        Column("name", translate("NetworksModel", "Container"), lambda m: m.name, icon=lambda _m: "container"),
        Column("ip", translate("NetworksModel", "Address"), lambda m: m.ip_address or "–"),
        Column("mac", translate("NetworksModel", "MAC address"), lambda m: m.mac_address or "–"),
        Column("aliases", translate("NetworksModel", "Also called"), lambda m: ", ".join(m.aliases) or "–"),
    ]
    return KeyedTableModel(columns, parent=parent)


def _subtext(network: Network) -> str:
    parts = [short_id(network.id)]
    if network.builtin:
        parts.append(translate("NetworksModel", "always there"))
    if network.internal:
        parts.append(translate("NetworksModel", "no way out"))
    return "  ·  ".join(parts)


def _haystack(network: Network) -> str:
    return " ".join(
        (
            network_name(network),
            network.name,
            network.id,
            network.driver,
            network.subnet,
            *(m.name for m in network.members),
        )
    )
