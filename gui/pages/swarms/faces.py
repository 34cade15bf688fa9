"""The faces of a swarm's page: each a list of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.models.swarm import COLUMNS, swarm_model
from gui.pages.lists.listing import Listing, ListingPlan
from gui.widgets.lists.cells import BadgeCell, TextCell
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QWidget

    from gui.shell import Shell
    from gui.widgets.lists.cells import CellPainter

_PEEK = ("service.details", "service.logs")
_DEEDS = ("service.scale", "service.image", "service.restart", "service.roll-back")


@dataclass(frozen=True)
class Face:
    id: str
    title: str
    subject: str
    menu: tuple[tuple[str, ...], ...]
    bulk: tuple[str, ...]
    widths: Mapping[str, int]
    droppable: tuple[str, ...]
    nothing: tuple[str, str]
    """The icon and the words of an empty list."""
    stretch: str = "name"


def faces() -> tuple[Face, ...]:
    return (
        Face("services", translate("SwarmFaces", "Services"), "service", (_PEEK, _DEEDS, ("service.remove",)),
             (*_DEEDS, "service.remove"),
             {"state": 130, "replicas": 120, "image": 260, "ports": 150, "updated": 120}, ("updated", "ports", "image"),
             ("layers", translate("SwarmFaces", "No services yet"))),
        Face("tasks", translate("SwarmFaces", "Tasks"), "task", (), (),
             {"name": 230, "state": 150, "node": 150, "since": 120}, ("since", "node"),
             ("container", translate("SwarmFaces", "No tasks")), "error"),
        Face("nodes", translate("SwarmFaces", "Nodes"), "node", (("node.activate", "node.pause", "node.drain"),
              ("node.promote", "node.demote")),
             ("node.activate", "node.pause", "node.drain"),
             {"state": 110, "availability": 120, "role": 150, "address": 140, "memory": 100, "engine": 110},
             ("engine", "memory", "address"), ("cpu", translate("SwarmFaces", "No nodes"))),
        Face("stacks", translate("SwarmFaces", "Stacks"), "stack", (("stack.remove",),), ("stack.remove",),
             {"name": 240, "replicas": 110}, (), ("layers", translate("SwarmFaces", "No stacks yet")), "services"),
        Face("files", translate("SwarmFaces", "Configs and secrets"), "swarm-file", (("swarm-file.remove",),),
             ("swarm-file.remove",), {"kind": 110, "size": 100, "used": 220, "created": 120}, ("created", "size"),
             ("key", translate("SwarmFaces", "No configs and no secrets"))),
    )  # fmt: skip


class FaceList(Listing):
    """The list of one face. Its search field is the page's to place."""

    def __init__(self, shell: Shell, face: Face, parent: QWidget) -> None:
        place = {name: number for number, name in enumerate(COLUMNS[face.id])}
        plan = ListingPlan(
            title=face.title,
            filter_words=translate("SwarmFaces", "Filter"),
            subject=face.subject,
            counted=lambda count: translate("SwarmFaces", "%n chosen", None, count),
            name_of=lambda item: item.name,
            menu=face.menu,
            bulk=face.bulk,
            painters={number: _painter(name) for name, number in place.items()},
            widths={place[name]: width for name, width in face.widths.items()},
            droppable=tuple(place[name] for name in face.droppable),
            stretch=place[face.stretch],
            empty=(*face.nothing, ""),
        )
        self.face = face
        super().__init__(shell, plan, swarm_model(face.id, parent), parent)
        self.refresh()


def _painter(column: str) -> CellPainter:
    if column == "state":
        return BadgeCell()
    return TextCell(
        strong=column == "name", secondary=column in ("updated", "since", "created", "used", "services"),
        code=column in ("image", "ports", "address"), tabular=column in ("replicas", "size", "memory"),
    )  # fmt: skip
