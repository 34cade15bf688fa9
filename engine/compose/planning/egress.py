"""`x-egress` of a service or a network: what it may reach outside, as the label of the engine that holds to it.

    x-egress: [example.org, "*.debian.org", 10.0.0.0/8]     or the same as a line; an empty list allows nothing

docker compose reads over it and hashes nothing of it; so a change is seen by the label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.networks import EGRESS_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "x-egress"
_NOTHING = "none"


def egress_labels(part: Mapping[str, Any]) -> dict[str, str]:
    """{} where nothing is said."""
    if KEY not in part:
        return {}
    said = part[KEY]
    words = [str(each) for each in said] if isinstance(said, list) else [str(said or "")]
    return {EGRESS_LABEL: ",".join(word.strip() for word in words if word.strip()) or _NOTHING}


def egress_of(part: Mapping[str, Any]) -> str:
    """Of all that is said, labels among it; "" for no limit."""
    return str(((part.get("labels") or {}) | egress_labels(part)).get(EGRESS_LABEL, ""))
