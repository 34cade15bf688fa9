"""What can be done to a build."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gui.actions.actions import Action
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.builds import Build
    from gui.shell import Shell


def actions() -> tuple[Action, ...]:
    return (
        Action(
            id="builds.new",
            text=translate("BuildActions", "Build from a folder or repository…"),
            icon="build",
            run=_new,
            shortcut="Ctrl+Shift+B",
            window_wide=True,
            hint=translate("BuildActions", "Build an image from a Dockerfile"),
        ),
        Action(
            id="builds.prune",
            text=translate("BuildActions", "Empty the build cache…"),
            icon="broom",
            run=_prune,
        ),
        Action(
            id="build.show",
            text=translate("BuildActions", "Show the build"),
            icon="eye",
            subject="build",
            enabled=lambda builds: len(builds) == 1,
            run=_show,
        ),
        Action(
            id="build.cancel",
            text=translate("BuildActions", "Cancel the build"),
            icon="x",
            subject="build",
            enabled=lambda builds: bool(builds) and all(build.ended is None for build in builds),
            run=_cancel,
        ),
        Action(
            id="build.again",
            text=translate("BuildActions", "Build again"),
            icon="restart",
            subject="build",
            enabled=lambda builds: len(builds) == 1 and builds[0].request is not None and builds[0].ended is not None,
            run=_again,
        ),
    )


async def _new(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("build")


async def _prune(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.navigate("disk", "build-cache")


async def _show(shell: Shell, builds: Sequence[Build]) -> None:
    shell.navigate("builds", builds[0].id)


async def _cancel(shell: Shell, builds: Sequence[Build]) -> None:
    for build_id in [build.id for build in builds]:
        await shell.client.call(partial(_cancel_one, build_id))


def _cancel_one(build_id: str, engine: Any) -> Any:
    return engine.operations.cancel(build_id)


async def _again(shell: Shell, builds: Sequence[Build]) -> None:
    request = builds[0].request
    assert request is not None
    ticket = await shell.client.begin(lambda engine: engine.builds.build(request))
    shell.navigate("builds", ticket.id)
