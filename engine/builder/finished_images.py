"""Instructions applied to an image that is made: the `--change` of a commit and of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.builder.language import types as t
from engine.builder.language.parser import parse_instruction
from engine.builder.language.source import read_source
from engine.builder.planning.variables import Variables
from engine.builder.steps.stages import StageState, absolute, apply_metadata, is_metadata
from engine.images.known import platforms
from engine.types.data import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import ImageConfig


def with_instructions(config: ImageConfig, lines: Sequence[str]) -> ImageConfig:
    """Apply lines of a Dockerfile that touch no file ("CMD …", "ENV …"), as `--change` takes them."""
    if not any(line.strip() for line in lines):
        return config
    source = read_source("\n".join(lines))
    state = StageState(platform=platforms.host_platform(), config=config, created=now())
    variables = Variables({}, {}, source.escape)
    variables.environment.update(state.environment())
    for raw in source.instructions:
        instruction = parse_instruction(raw, escape=source.escape)
        if isinstance(instruction, t.Workdir):
            path = absolute(variables.expanded(instruction.path, instruction), state.config.workdir)
            state = state.with_config(workdir=path)
            continue
        if not is_metadata(instruction):
            raise raw.error(f"{raw.keyword} cannot be applied to a finished image")
        state = apply_metadata(state, instruction, variables)
    return state.config
