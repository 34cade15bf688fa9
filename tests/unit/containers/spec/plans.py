"""What a container is to be, with everything that a test does not say filled in; and what the runtime is told then."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import msgspec

from engine.containers.spec.plan import SpecPlan
from engine.containers.spec.runtime_spec import runtime_spec
from engine.containers.spec.users import ContainerUser
from engine.types.containers import ContainerSpec


def plan(**changes: Any) -> SpecPlan:
    """Fields of a plan, and of a recipe."""
    plan_fields = {field.name for field in dataclasses.fields(SpecPlan)}
    asked = {key: changes.pop(key) for key in list(changes) if key not in plan_fields}
    given: dict[str, Any] = {
        "container_id": "c" * 64, "spec": ContainerSpec(image="i", **asked), "command_line": ("run", "it"),
        "env": {"A": "1"}, "workdir": "/w", "user": ContainerUser(0, 0), "hostname": "box", "rootfs": "/r",
    }  # fmt: skip
    return SpecPlan(**given | changes)


def document(**changes: Any) -> dict[str, Any]:
    """As the runtime reads it."""
    made = runtime_spec(plan(**changes))
    return json.loads(msgspec.json.encode(made))  # type: ignore[no-any-return]


def mounts(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["destination"]: mount for mount in made["mounts"]}


def namespaces(made: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each.get("path", "") for each in made["linux"]["namespaces"]}
