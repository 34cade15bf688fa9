"""What a user can do to the pod that containers are in: all of them together, in the order that the pod has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.recipe.networks import pod_of
from engine.types.containers import ALIVE_STATES
from engine.types.pods import Pod
from gui.actions.actions import Action
from gui.shell import Confirmation
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from gui.shell import Shell


def pod_name(subjects: Sequence[Container | Pod]) -> str:
    """The one pod all of them are in, or are, or ""."""
    names = {each.name if isinstance(each, Pod) else pod_of(each.spec.network) for each in subjects}
    return names.pop() if len(names) == 1 else ""


def in_one(subjects: Sequence[Container | Pod]) -> bool:
    return bool(pod_name(subjects))


def _is_empty(subjects: Sequence[Container | Pod]) -> bool:
    return any(isinstance(each, Pod) and not each.containers for each in subjects)


def startable(subjects: Sequence[Container | Pod]) -> bool:
    return in_one(subjects) and not _is_empty(subjects)


def in_one_that_runs(subjects: Sequence[Container | Pod]) -> bool:
    states = [one.state for each in subjects for one in (each.containers if isinstance(each, Pod) else (each,))]
    return in_one(subjects) and any(state in ALIVE_STATES for state in states)


def why_not(subjects: Sequence[Container | Pod]) -> str:
    return translate("PodActions", "No container is in it") if _is_empty(subjects) else ""


async def start(shell: Shell, subjects: Sequence[Container | Pod]) -> None:
    name = pod_name(subjects)
    await shell.client.call(lambda engine: engine.pods.start(name))
    shell.toast(translate("PodActions", "Started the pod {0}").format(name), Tone.SUCCESS)


async def stop(shell: Shell, subjects: Sequence[Container | Pod]) -> None:
    name = pod_name(subjects)
    await shell.client.call(lambda engine: engine.pods.stop(name))
    shell.toast(translate("PodActions", "Stopped the pod {0}").format(name))


async def restart(shell: Shell, subjects: Sequence[Container | Pod]) -> None:
    name = pod_name(subjects)
    await shell.client.call(lambda engine: engine.pods.restart(name))
    shell.toast(translate("PodActions", "Started the pod {0} anew").format(name), Tone.SUCCESS)


async def remove(shell: Shell, subjects: Sequence[Container | Pod]) -> None:
    """With a question: several containers go, and what they wrote outside of volumes."""
    name = pod_name(subjects)
    members = [each for each in shell.client.mirror.containers.values() if pod_of(each.spec.network) == name]
    question = Confirmation(
        title=translate("PodActions", "Remove the pod {0}?").format(name),
        text=translate("PodActions", "All its containers are stopped and removed. Volumes stay.")
        if members
        else translate("PodActions", "No container is in it."),
        accept=translate("PodActions", "Remove"),
        details=tuple(sorted(each.name for each in members)),
    )
    if await shell.confirm(question) is None:
        return
    await shell.client.call(lambda engine: engine.pods.remove(name, force=True))
    shell.toast(translate("PodActions", "Removed the pod {0}").format(name))


def actions() -> tuple[Action, ...]:
    return (
        Action(id="pod.start", text=translate("PodActions", "Start the pod"), icon="play", subject="container",
               enabled=startable, why_not=why_not, run=start, needs=("pods.start",)),
        Action(id="pod.stop", text=translate("PodActions", "Stop the pod"), icon="stop", subject="container",
               enabled=in_one_that_runs, why_not=why_not, run=stop, needs=("pods.stop",)),
        Action(id="pod.restart", text=translate("PodActions", "Restart the pod"), icon="restart", subject="container",
               enabled=in_one_that_runs, why_not=why_not, run=restart, needs=("pods.restart",)),
        Action(id="pod.remove", text=translate("PodActions", "Remove the pod…"), icon="trash", subject="container",
               enabled=in_one, run=remove, needs=("pods.remove",), danger=True),
    )  # fmt: skip
