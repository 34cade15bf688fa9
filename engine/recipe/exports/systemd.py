"""A recipe as a systemd user unit that runs the container with `wherry` itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.exports.units import quoted_words, unit_text
from engine.recipe.line import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_GRACE_SECONDS = 10.0
_MORE_SECONDS = 20
"""What a stop may take beyond the grace of the service."""


def systemd_files(recipe: Mapping[str, Any], name: str, program: str = "wherry") -> dict[str, str]:
    """File name to text. systemd starts it again as the policy says, so the container itself has none."""
    called = name or "app"
    policy = (recipe.get("restart") or {}).get("name", "no")
    own = {**recipe, "restart": {"name": "no", "maximum_retries": 0}, "auto_remove": False}
    words = [word for option in words_of(own, called) for word in option]
    grace = recipe.get("stop_timeout")
    seconds = round(_GRACE_SECONDS if grace is None else max(0.0, grace))
    text = unit_text(
        {
            "Unit": [("Description", f"{called} ({recipe['image']})"), ("After", "default.target")],
            "Service": [
                ("ExecStartPre", f"-{program} rm --force {quoted_words([called])}"),
                ("ExecStart", f"{program} run --rm {quoted_words(words)}"),
                ("ExecStop", f"{program} stop --time {seconds} {quoted_words([called])}"),
                ("TimeoutStopSec", str(seconds + _MORE_SECONDS)),
                ("Restart", {"no": "no", "on-failure": "on-failure"}.get(policy, "always")),
            ],
            "Install": [("WantedBy", "default.target")],
        }
    )
    return {f"{called}.service": text}
