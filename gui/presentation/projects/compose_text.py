"""Containers and `docker run` lines as services of a compose file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from engine.compose.project_files import project_name
from engine.recipe.crossing import recipe_of
from engine.recipe.exports.compose import write_compose
from gui.presentation.containers.run_line import chosen_by_people, parse_run_line
from gui.presentation.containers.words import PROJECT_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.images import Image

_COMPOSE_LABEL = PROJECT_LABEL.removesuffix(".project")
_UNSAID = ("auto_remove", "publish_all", "engine_socket", "stdin_once", "driver")
"""What a container can be and compose has no word for."""
_IMAGES_OWN = ("workdir", "user", "stop_signal", "command", "entrypoint")
"""Fields of a recipe, and of an image's configuration, that would only repeat what the image says."""


def project_of(containers: Sequence[Container], images: Mapping[str, Image], name: str) -> str:
    """A file that makes the same containers: what is there by name is used, nothing is said that the image says."""
    parts: list[tuple[str, dict[str, Any]]] = []
    comments = []
    for container in containers:
        recipe = recipe_of(chosen_by_people(container.spec, container.id))
        image = images.get(container.image_id)
        _leave_out(recipe, image)
        parts.append((container.name, recipe))
        for field in _UNSAID:
            if recipe.get(field):
                comments.append(f"# {container.name}: compose has no word for {field}: {recipe[field]}")
    head = [f"name: {project_name(name)}"]
    return "\n".join([*comments, *head, write_compose(parts)])


def _leave_out(recipe: dict[str, Any], image: Image | None) -> None:
    labels = recipe.get("labels") or {}
    recipe["labels"] = {key: value for key, value in labels.items() if not key.startswith(_COMPOSE_LABEL)}
    if image is None:
        return
    config = image.config
    own = dict(pair.partition("=")[::2] for pair in config.env)
    recipe["env"] = {key: value for key, value in (recipe.get("env") or {}).items() if own.get(key) != value}
    recipe["labels"] = {key: value for key, value in recipe["labels"].items() if config.labels.get(key) != value}
    for field in _IMAGES_OWN:
        said, theirs = recipe.get(field), getattr(config, field)
        if said and (tuple(said) if isinstance(theirs, tuple) else said) == theirs:
            recipe[field] = None


def service_of_line(line: str) -> tuple[str, str]:
    """(its name, a compose file with that one service). Raises Unreadable. What it names is the project's own."""
    read = parse_run_line(line)
    base = os.path.basename(read.spec.image).partition(":")[0].partition("@")[0]
    name = re.sub(r"[^a-z0-9_.-]", "", (read.name or base).lower()) or "app"
    text = write_compose([(name, recipe_of(read.spec))])
    text = re.sub(r"^    container_name: .*\n", "", text, flags=re.MULTILINE)
    return name, re.sub(r":\n    external: true$", ": {}", text, flags=re.MULTILINE)
