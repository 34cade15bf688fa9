"""A service that is in no stack, said in the words of a compose file, as what a manager is asked for; and the part of
a spec that some of these words make. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.compose.faults import ComposeError
from engine.compose.reading.loading import Request, load
from engine.errors import InvalidRequest
from engine.recipe.exports.compose import doubled
from engine.swarm.service_spec import service_spec
from engine.swarm.shapes import part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.swarm.shapes import Json

_FILE = "/service.yml"
_ANY_IMAGE = "x"
ROLLING = (
    ("UpdateConfig", ("update_config",)), ("RollbackConfig", ("rollback_config",)),
    ("TaskTemplate.RestartPolicy", ("restart_policy",)),
)  # fmt: skip
"""Parts that are made whole of one word: the rest of them is filled in, and was not said."""


def lone_service(
    name: str, words: Mapping[str, Any], volumes: Mapping[str, Any], *, max_concurrent: int | None = None
) -> Json:
    key = name or "service"
    grants = [each["source"] for kind in ("configs", "secrets") for each in words.get(kind) or ()]
    own = [each["source"] for each in words.get("volumes") or () if each["type"] == "volume" and each.get("source")]
    model: Json = {
        "services": {key: dict(words)},
        "networks": {each: {"external": True} for each in words.get("networks") or {}},
        "volumes": {each: {"name": each, **(volumes.get(each) or {})} for each in own},
        **{kind: {each: {"external": True} for each in grants} for kind in ("configs", "secrets")},
    }
    try:
        # One file without a .env beside it, and with no variables in it.
        project = load(Request((_FILE,), "/", name="service"), _only(json.dumps(doubled(model))))
    except ComposeError as error:
        raise InvalidRequest(
            f"The service cannot be made: {error.problems[0].message}", "\n".join(map(str, error.problems))
        ) from error
    spec = service_spec(project, key, stack="") | {"Name": name}
    if not words.get("networks"):
        spec["TaskTemplate"].pop("Networks", None)  # compose's own network is a stack's
    if max_concurrent is not None and "ReplicatedJob" in spec["Mode"]:
        spec["Mode"]["ReplicatedJob"]["MaxConcurrent"] = max_concurrent
    return spec


def _only(text: str) -> Any:
    def opened(path: str) -> str:
        if path != _FILE:
            raise FileNotFoundError(path)
        return text

    return opened


def spoken_of(words: Mapping[str, Any], volumes: Mapping[str, Any]) -> Json:
    """Of a service's spec only what these words say."""
    whole = lone_service("", {"image": _ANY_IMAGE, **words}, volumes)
    bare = lone_service("", {"image": _ANY_IMAGE}, {})
    found = _beyond(whole, bare)
    if words.get("deploy", {}).get("endpoint_mode"):
        found["EndpointSpec"] = part(found, "EndpointSpec") | {"Mode": whole["EndpointSpec"]["Mode"]}
    return found


def _beyond(whole: Json, bare: Json) -> Json:
    found: Json = {}
    for key, value in whole.items():
        known = bare.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            if more := _beyond(value, known):
                found[key] = more
        elif value != known:
            found[key] = value
    return found
