"""What a Dockerfile may only do if whoever builds it says so: the host's network, and all capabilities.

A Dockerfile is a stranger's text. Each RUN is asked when its turn comes, because a base image's ONBUILD brings steps
that no text shows; those that are seen at the beginning are told before anything runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.builder.language.types import Run

if TYPE_CHECKING:
    from engine.builder.planning.plan import Plan
    from engine.types.builds import Allowance, BuildImage

_WORDS: dict[Allowance, str] = {
    "network.host": "the network of this machine",
    "security.insecure": "all capabilities and no filter of system calls",
}


def allowed_by(request: BuildImage) -> frozenset[Allowance]:
    """Who chooses the host's network for all steps has allowed it to each."""
    return frozenset(request.allow) | (frozenset({"network.host"}) if request.network == "host" else frozenset())


def must_be_allowed(instruction: Run, allowed: frozenset[Allowance]) -> None:
    """Raises at the instruction's place for what it asks beyond that."""
    asked: list[tuple[Allowance, str]] = []
    if instruction.network == "host":
        asked.append(("network.host", "--network"))
    if instruction.security == "insecure":
        asked.append(("security.insecure", "--security"))
    for allowance, flag in asked:
        if allowance not in allowed:
            raise instruction.raw.error(
                f"This step asks for {_WORDS[allowance]}, which was not allowed",
                column=instruction.raw.column_of(flag),
                hint=f"If you trust this Dockerfile with it: wherry build --allow {allowance}.",
            )


def check_plan(plan: Plan, allowed: frozenset[Allowance]) -> None:
    for planned in plan.ordered():
        for instruction in planned.stage.instructions:
            if isinstance(instruction, Run):
                must_be_allowed(instruction, allowed)
