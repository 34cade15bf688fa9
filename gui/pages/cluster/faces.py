"""The faces of a cluster's page: which kinds each shows, and as what kind of list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.models.clusters import AGE, USED, columns_of, face_model
from gui.pages.lists.listing import Listing, ListingPlan
from gui.widgets.lists.cells import BadgeCell, TextCell
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QWidget

    from engine.types.clusters import PodUsage
    from gui.shell import Shell
    from gui.widgets.lists.cells import CellPainter

_DEEDS = ("cluster.scale", "cluster.restart", "cluster.undo")
_PEEK = ("cluster.details", "cluster.logs")


@dataclass(frozen=True)
class Face:
    id: str
    title: str
    kinds: tuple[str, ...]
    menu: tuple[tuple[str, ...], ...]
    widths: Mapping[str, int]
    droppable: tuple[str, ...]
    nothing: tuple[str, str]
    """The icon and the words of an empty list."""
    sorted_by: str = "name"
    stretch: str = "name"


def faces() -> tuple[Face, ...]:
    return (
        Face(
            "workloads", translate("ClusterFaces", "Workloads"),
            ("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"),
            (_PEEK, _DEEDS, ("cluster.forward",), ("cluster.delete",)),
            {"state": 120, "ready": 90, "images": 260, AGE: 110}, (AGE, "images"),
            ("layers", translate("ClusterFaces", "No workloads here")),
        ),
        Face(
            "pods", translate("ClusterFaces", "Pods"), ("pods",),
            (_PEEK, ("cluster.terminal", "cluster.forward"), ("cluster.copy-out", "cluster.copy-in"),
             ("cluster.delete",)),
            {"state": 150, "ready": 70, "restarts": 96, "cpu": 100, "memory": 100, "node": 150, AGE: 100},
            (AGE, "node", "restarts", "ready"), ("container", translate("ClusterFaces", "No pods here")),
        ),
        Face(
            "services", translate("ClusterFaces", "Services"), ("services", "ingresses"),
            (_PEEK, ("cluster.forward",), ("cluster.delete",)),
            {"type": 120, "address": 220, "ports": 160, AGE: 110}, (AGE, "type"),
            ("network", translate("ClusterFaces", "No services or ingresses here")),
        ),
        Face(
            "storage", translate("ClusterFaces", "Storage"), ("persistentvolumeclaims",),
            (("cluster.details",), ("cluster.delete",)),
            {"state": 120, "size": 100, "class": 180, AGE: 110}, (AGE, "class"),
            ("volume", translate("ClusterFaces", "No volume claims here")),
        ),
        Face(
            "settings", translate("ClusterFaces", "Configuration"), ("configmaps", "secrets"),
            (("cluster.details", "cluster.undo"), ("cluster.delete",)),
            {"type": 240, "keys": 260, AGE: 110}, (AGE, "type"),
            ("file-text", translate("ClusterFaces", "No config maps or secrets here")),
        ),
        Face(
            "events", translate("ClusterFaces", "Events"), ("events",), (("cluster.details",),),
            {"reason": 260, "count": 70, AGE: 110}, ("count",),
            ("bell", translate("ClusterFaces", "Nothing has happened of late")), AGE, "message",
        ),
    )  # fmt: skip


class FaceList(Listing):
    """The list of one face. Its search field is the page's to place."""

    def __init__(self, shell: Shell, face: Face, usage: Callable[[], Mapping[str, PodUsage]], parent: QWidget) -> None:
        place = {name: number for number, name in enumerate(columns_of(face.id))}
        plan = ListingPlan(
            title=face.title,
            filter_words=translate("ClusterFaces", "Filter by name, state, image"),
            subject="cluster",
            counted=lambda count: translate("ClusterFaces", "%n objects", None, count),
            name_of=lambda row: row.name,
            menu=face.menu,
            bulk=tuple(each for each in ("cluster.restart", "cluster.delete") if any(each in one for one in face.menu)),
            painters={number: _painter(name) for name, number in place.items()},
            widths={place[name]: width for name, width in face.widths.items()},
            droppable=tuple(place[name] for name in face.droppable),
            stretch=place[face.stretch],
            large=True,
            empty=(*face.nothing, ""),
            sorted_by=place[face.sorted_by],
        )
        self.face = face
        super().__init__(shell, plan, face_model(face.id, parent, usage), parent)
        self.table.offer_columns([place[name] for name in USED if name in place])
        self.refresh()


def _painter(column: str) -> CellPainter:
    if column == "state":
        return BadgeCell()
    return TextCell(
        strong=column in ("name", "reason"), secondary=column in (AGE, "images", "node", "class", "keys", "count"),
        code=column in ("address", "ports"), tabular=column in ("ready", "restarts", "cpu", "memory", "size"),
    )  # fmt: skip
