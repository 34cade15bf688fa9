"""Containers in the forms they can be taken elsewhere in: words for each, and the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.recipe.crossing import recipe_of
from engine.recipe.exports.forms import FORMS, Form, export_files, with_names
from gui.presentation.containers.run_line import chosen_by_people
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.types.containers import Container
    from engine.types.pods import Pod


def forms() -> list[tuple[str, str]]:
    """Keys with the words of the control."""
    words = {
        "run": translate("Exports", "docker run"),
        "compose": translate("Exports", "Compose"),
        "kubernetes": translate("Exports", "Kubernetes"),
        "quadlet": translate("Exports", "Quadlet"),
        "systemd": translate("Exports", "systemd"),
    }
    return [(form, words[form]) for form in FORMS]


def what_for(form: str) -> str:
    """A sentence on where it is used."""
    return {
        "run": translate("Exports", "A line for a shell, with docker, podman or wherry."),
        "compose": translate("Exports", "For docker compose, or Open a compose file on another machine's Wherry."),
        "kubernetes": translate("Exports", "For kubectl apply on a cluster, or wherry kube play here."),
        "quadlet": translate("Exports", "For podman: put the files in ~/.config/containers/systemd."),
        "systemd": translate("Exports", "A user unit: put it in ~/.config/systemd/user and enable it with systemctl."),
    }[form]


def exported(containers: Sequence[Container], pods: Iterable[Pod], form: Form) -> dict[str, str]:
    """File name to text."""
    names = {each.id: each.name for each in containers}
    parts = [(each.name, with_names(recipe_of(chosen_by_people(each.spec, each.id)), names)) for each in containers]
    return export_files(parts, form, {pod.name: msgspec.to_builtins(pod.recipe) for pod in pods})
