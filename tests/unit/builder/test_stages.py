"""What instructions that touch no file make of a stage."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.builder.language.errors import DockerfileError
from engine.builder.language.parser import parse_dockerfile
from engine.builder.planning.variables import Variables
from engine.builder.steps.stages import StageState, apply_metadata
from engine.types.data import Platform


def after(*lines: str) -> StageState:
    (stage,) = parse_dockerfile("\n".join(["FROM scratch", *lines])).stages
    state = StageState(platform=Platform(), created=datetime(2026, 1, 1, tzinfo=UTC))
    variables = Variables({}, {}, "\\")
    for instruction in stage.instructions:
        state = apply_metadata(state, instruction, variables)
    return state


def test_an_entrypoint_silences_the_command_of_the_image_below() -> None:
    below = after('CMD ["from-below"]').config
    state = StageState(platform=Platform(), created=datetime(2026, 1, 1, tzinfo=UTC), config=below)
    (stage,) = parse_dockerfile('FROM scratch\nENTRYPOINT ["/run"]').stages
    made = apply_metadata(state, stage.instructions[0], Variables({}, {}, "\\")).config
    assert (made.entrypoint, made.command) == (("/run",), ())


def test_a_command_of_the_same_stage_stays_beside_an_entrypoint() -> None:
    made = after('CMD ["own"]', 'ENTRYPOINT ["/run"]').config
    assert (made.entrypoint, made.command) == (("/run",), ("own",))


def test_ranges_of_ports_are_exposed_one_by_one() -> None:
    assert after("EXPOSE 80 8000-8002/udp").config.exposed_ports == ("80/tcp", "8000/udp", "8001/udp", "8002/udp")


@pytest.mark.parametrize("port", ["0", "65536", "80-79", "x", "80/"])
def test_what_is_no_port_is_refused_with_its_place(port: str) -> None:
    with pytest.raises(DockerfileError, match="is no port"):
        after(f"EXPOSE {port}")


def test_a_shell_is_that_of_the_commands_after_it() -> None:
    made = after("CMD one", 'SHELL ["/bin/bash", "-c"]', "ENTRYPOINT two").config
    assert made.command == ("/bin/sh", "-c", "one")
    assert made.entrypoint == ("/bin/bash", "-c", "two")
