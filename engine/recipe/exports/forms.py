"""Every form in which a recipe can be taken elsewhere: its name, and the files it makes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Literal

from engine.recipe.exports.compose import write_compose
from engine.recipe.exports.kubernetes import write_kubernetes
from engine.recipe.exports.quadlet import quadlet_files, quadlet_pod
from engine.recipe.exports.systemd import systemd_files
from engine.recipe.line import write_line
from engine.recipe.networks import pod_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Form = Literal["run", "compose", "kubernetes", "quadlet", "systemd"]
FORMS: tuple[Form, ...] = ("run", "compose", "kubernetes", "quadlet", "systemd")


def with_names(recipe: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Other containers by their names, for an id means nothing elsewhere."""
    named = dict(recipe)
    for field in ("network", "pid_mode", "ipc_mode"):
        kind, colon, which = str(recipe.get(field) or "").partition(":")
        if kind == "container" and which in names:
            named[field] = f"{kind}{colon}{names[which]}"
    if others := recipe.get("volumes_from"):
        parted = (each.partition(":") for each in others)
        named["volumes_from"] = [f"{names.get(which, which)}{colon}{mode}" for which, colon, mode in parted]
    return named


def export_files(
    parts: Sequence[tuple[str, Mapping[str, Any]]], form: Form, pods: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, str]:
    """File name to text. `parts` are names with recipes, `pods` the recipes of the pods they are in."""
    if form == "run":
        return {"run.sh": "\n".join(write_line(recipe, name) + "\n" for name, recipe in parts)}
    if form == "compose":
        return {"compose.yaml": write_compose(parts)}
    if form == "kubernetes":
        return {"manifest.yaml": "---\n".join(write_kubernetes(recipe, name) for name, recipe in parts)}
    files: dict[str, str] = {}
    for name, recipe in parts:
        files |= quadlet_files(recipe, name) if form == "quadlet" else systemd_files(recipe, name, _own_program())
    if form == "quadlet":
        wanted = dict.fromkeys(filter(None, (pod_of(recipe.get("network") or "") for _, recipe in parts)))
        files |= {f"{pod}.pod": quadlet_pod(pod, (pods or {}).get(pod, {})) for pod in wanted}
    return files


def _own_program() -> str:
    """A unit's search path has no directories of a user's."""
    found = shutil.which("wherry")
    return os.path.abspath(found) if found else "wherry"
