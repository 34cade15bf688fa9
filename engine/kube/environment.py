"""A container's environment: its variables one by one, those taken whole from a ConfigMap or a Secret, and what the
words $(NAME) stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.compose.faults import near_miss
from engine.kube.amounts import quantity
from engine.types.pods import ADDRESS_WORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.kube.node import Node
    from engine.kube.objects import Objects

_USED = re.compile(r"\$(\$|\(([A-Za-z_.\-][A-Za-z0-9_.\-]*)\))")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What may be told of the pod a container is in."""

    name: str
    namespace: str
    objects: Objects
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    account: str = "default"

    def field(self, path: str) -> str | None:
        """The value of a fieldRef; None where there is no such field."""
        known = {
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
            "metadata.uid": "",
            "spec.nodeName": "localhost",
            "spec.serviceAccountName": self.account,
            "status.hostIP": "127.0.0.1",
            "status.podIP": ADDRESS_WORD,
            "status.podIPs": ADDRESS_WORD,
        }
        if path in known:
            return known[path]
        for kind, table in (("labels", self.labels), ("annotations", self.annotations)):
            if path == f"metadata.{kind}":
                return "\n".join(f'{key}="{value}"' for key, value in sorted(table.items()))
            if path.startswith(f"metadata.{kind}['") and path.endswith("']"):
                return table.get(path[len(f"metadata.{kind}['") : -2], "")
        return None


def environment(container: Node, place: Surroundings) -> dict[str, str]:
    """Later ones win; single variables win over whole maps."""
    found: dict[str, str] = {}
    for source in container.each("envFrom"):
        source.only(("prefix", "configMapRef", "secretRef"))
        prefix = source.text("prefix")
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if source.has(key):
                for name, value in _whole(source.below(key), kind, place).items():
                    found[prefix + name] = value.decode(errors="surrogateescape")
    for entry in container.each("env"):
        entry.only(("name", "value", "valueFrom"))
        name = entry.need("name")
        if entry.has("valueFrom"):
            told = _from(entry.below("valueFrom"), container, place)
            if told is not None:
                found[name] = told
        else:
            found[name] = expanded(entry.text("value"), found)
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    """$(NAME) is the variable; of one that is not there the words stay; $$ is a dollar."""
    return _USED.sub(lambda word: "$" if word[1] == "$" else known.get(word[2], word[0]), text)


def _whole(node: Node, kind: str, place: Surroundings) -> Mapping[str, bytes]:
    return looked_up(node, kind, node.need("name"), place.objects, optional=node.flag("optional"))


def looked_up(node: Node, kind: str, name: str, objects: Objects, *, optional: bool) -> Mapping[str, bytes]:
    """The data of a ConfigMap or a Secret; a fault where it is in none of the files."""
    table = objects.secrets if kind == "Secret" else objects.config_maps
    if name not in table and not optional and name:
        node.note(f"there is no {kind} “{name}” in these files", key="name", hint=near_miss(name, table))
    return table.get(name, {})


def _from(node: Node, container: Node, place: Surroundings) -> str | None:
    node.only(("configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef"))
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if node.has(key):
            return _one(node.below(key), kind, place)
    if node.has("fieldRef"):
        below = node.below("fieldRef")
        path = below.need("fieldPath")
        value = place.field(path)
        if value is None:
            below.note(f"the field “{path}” cannot be told here", key="fieldPath")
        return value
    if node.has("resourceFieldRef"):
        return _resource(node.below("resourceFieldRef"), container)
    node.note("it says nowhere from what the value is")
    return None


def _one(node: Node, kind: str, place: Surroundings) -> str | None:
    data = _whole(node, kind, place)
    key = node.need("key")
    if key in data:
        return data[key].decode(errors="surrogateescape")
    if data and not node.flag("optional"):
        node.note(f"the {kind} has no key “{key}”", key="key", hint=near_miss(key, data))
    return None


def _resource(node: Node, container: Node) -> str | None:
    """limits.memory and the like, in whole units of the divisor."""
    kind, _, name = node.need("resource").partition(".")
    said = container.below("resources").below(kind).any_text(name)
    amount = quantity(said) if said else 0.0
    divisor = quantity(node.any_text("divisor") or "1") or 1.0
    return None if amount is None else str(-int(-amount // divisor))
