"""The recipe as the engine's typed data, and back. The only module here that loads more than the standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.recipe.faults import Unreadable, marked
from engine.types.containers import ContainerSpec
from engine.types.networks import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping


def spec_of(recipe: Mapping[str, Any]) -> ContainerSpec:
    try:
        return msgspec.convert(recipe, ContainerSpec)
    except msgspec.ValidationError as error:
        raise Unreadable(marked("Recipe", "invalid recipe: {0}"), error) from None


def endpoints(asked: Mapping[str, Any]) -> dict[str, Endpoint]:
    """What is asked of networks, by their names."""
    return msgspec.convert(asked, dict[str, Endpoint])


def recipe_of(spec: ContainerSpec) -> dict[str, Any]:
    recipe: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec))
    return recipe
