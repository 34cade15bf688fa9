"""What a user can do in a swarm. The subjects are what its page lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from engine.types.swarm import Availability, ChangeService
from gui.actions.actions import Action
from gui.presentation.names import number_problem
from gui.shell import Confirmation, TextQuestion
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from engine.types.swarm import SwarmFile, SwarmNode, SwarmService, SwarmStack
    from gui.presentation.projects.words import ProjectRow
    from gui.shell import Shell

    Run = Callable[[Shell, Sequence[Any]], Coroutine[Any, Any, None]]
    Role = Literal["manager", "worker"]

_MOST = 10_000


def one(subjects: Sequence[Any]) -> bool:
    return len(subjects) == 1


def some(subjects: Sequence[Any]) -> bool:
    return bool(subjects)


def scalable(services: Sequence[SwarmService]) -> bool:
    return len(services) == 1 and services[0].scalable


def why_not_scalable(services: Sequence[SwarmService]) -> str:
    return translate("SwarmActions", "It has one task on each node") if one(services) else ""


def undoable(services: Sequence[SwarmService]) -> bool:
    return len(services) == 1 and services[0].has_earlier


def why_not_undoable(services: Sequence[SwarmService]) -> str:
    return translate("SwarmActions", "It was not changed since it was made") if one(services) else ""


async def deploy(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("stack-deploy")


async def new_service(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("new-service")


async def deploy_project(shell: Shell, projects: Sequence[ProjectRow]) -> None:
    project = projects[0].project
    shell.open_dialog("stack-deploy", name=project.name, files=project.files)


async def details(shell: Shell, services: Sequence[SwarmService]) -> None:
    shell.navigate("swarm", services[0].id)


async def logs(shell: Shell, services: Sequence[SwarmService]) -> None:
    shell.navigate("swarm", services[0].id, "log")


async def scale(shell: Shell, services: Sequence[SwarmService]) -> None:
    service = services[0]
    text = await shell.ask_text(
        TextQuestion(
            title=translate("SwarmActions", "Scale {0}").format(service.name),
            label=translate("SwarmActions", "Tasks"),
            accept=translate("SwarmActions", "Scale"),
            text=str(service.replicas),
            check=lambda text: number_problem(text, _MOST),
        )
    )
    if text is not None:
        await shell.client.call(lambda engine: engine.swarm.scale(service.id, int(text)))


async def update_image(shell: Shell, services: Sequence[SwarmService]) -> None:
    service = services[0]
    image = await shell.ask_text(
        TextQuestion(
            title=translate("SwarmActions", "Another image for {0}").format(service.name),
            label=translate("SwarmActions", "Image"),
            accept=translate("SwarmActions", "Update"),
            text=service.image,
            check=lambda text: "" if text.strip() else translate("SwarmActions", "Write an image"),
        )
    )
    if image is not None:
        await _change(shell, service, ChangeService(image=image.strip()))


async def restart(shell: Shell, services: Sequence[SwarmService]) -> None:
    """Task by task, as the service says."""
    for service in services:
        await _change(shell, service, ChangeService(force=True))


async def _change(shell: Shell, service: SwarmService, change: ChangeService) -> None:
    warnings = await shell.client.call(lambda engine: engine.swarm.update(service.id, change))
    for warning in warnings:
        shell.toast(warning.message, Tone.WARNING)


async def roll_back(shell: Shell, services: Sequence[SwarmService]) -> None:
    service = services[0]
    question = Confirmation(
        title=translate("SwarmActions", "Bring {0} back to how it was before?").format(service.name),
        text=translate("SwarmActions", "Its tasks are replaced by those of the state before the last change."),
        accept=translate("SwarmActions", "Roll back"),
        danger=False,
    )
    if await shell.confirm(question) is not None:
        await shell.client.call(lambda engine: engine.swarm.roll_back(service.id))


async def remove_services(shell: Shell, services: Sequence[SwarmService]) -> None:
    """With a question: a swarm has no way back."""
    if await _sure(
        shell, [each.name for each in services], translate("SwarmActions", "Its tasks are ended on all nodes.")
    ):
        for each in services:
            await shell.client.call(lambda engine, each=each: engine.swarm.remove_service(each.id))  # type: ignore[misc]


async def remove_stacks(shell: Shell, stacks: Sequence[SwarmStack]) -> None:
    words = translate("SwarmActions", "Its services, networks, configs and secrets go; volumes stay on their nodes.")
    if await _sure(shell, [each.name for each in stacks], words):
        for each in stacks:
            await shell.client.call(lambda engine, each=each: engine.swarm.remove_stack(each.name))  # type: ignore[misc]
            shell.toast(translate("SwarmActions", "Removed {0}").format(each.name))


async def remove_files(shell: Shell, files: Sequence[SwarmFile]) -> None:
    if await _sure(
        shell, [each.name for each in files], translate("SwarmActions", "What is in it is kept nowhere else.")
    ):
        for each in files:
            await shell.client.call(lambda engine, each=each: engine.swarm.remove_file(each.kind, each.id))  # type: ignore[misc]


async def _sure(shell: Shell, names: Sequence[str], text: str) -> bool:
    title = translate("SwarmActions", "Remove {0}?").format(", ".join(names[:3]) + ("…" if len(names) > 3 else ""))
    question = Confirmation(
        title=title, text=text, accept=translate("SwarmActions", "Remove"),
        details=tuple(names) if len(names) > 1 else (),
    )  # fmt: skip
    return await shell.confirm(question) is not None


def unused(files: Sequence[SwarmFile]) -> bool:
    return bool(files) and not any(each.used_by for each in files)


def why_used(files: Sequence[SwarmFile]) -> str:
    users = sorted({name for each in files for name in each.used_by})
    return translate("SwarmActions", "Used by {0}").format(", ".join(users)) if users else ""


def _make(availability: Availability) -> Run:
    async def run(shell: Shell, nodes: Sequence[SwarmNode]) -> None:
        for each in nodes:
            await shell.client.call(
                lambda engine, each=each: engine.swarm.change_node(each.id, availability=availability)  # type: ignore[misc]
            )

    return run


def _become(role: Role) -> Run:
    async def run(shell: Shell, nodes: Sequence[SwarmNode]) -> None:
        for each in nodes:
            await shell.client.call(lambda engine, each=each: engine.swarm.change_node(each.id, role=role))  # type: ignore[misc]

    return run


def _no(role: Role) -> Callable[[Sequence[SwarmNode]], bool]:
    return lambda nodes: bool(nodes) and any(each.role != role for each in nodes)


def demotable(nodes: Sequence[SwarmNode]) -> bool:
    return _no("worker")(nodes) and not any(each.leader for each in nodes)


def why_not_demotable(nodes: Sequence[SwarmNode]) -> str:
    leads = any(each.leader for each in nodes)
    return translate("SwarmActions", "It leads the swarm: another manager must first") if leads else ""


def _other_than(availability: Availability) -> Callable[[Sequence[SwarmNode]], bool]:
    return lambda nodes: bool(nodes) and any(each.availability != availability for each in nodes)


def with_files(projects: Sequence[ProjectRow]) -> bool:
    return len(projects) == 1 and bool(projects[0].project.files)


def actions() -> tuple[Action, ...]:
    return (*_service_actions(), *_other_actions())


def _service_actions() -> tuple[Action, ...]:
    return (
        Action(id="swarm.deploy", text=translate("SwarmActions", "Deploy a stack…"), icon="upload", run=deploy,
               needs=("swarm.look",)),
        Action(id="swarm.new-service", text=translate("SwarmActions", "New service…"), icon="plus", run=new_service,
               needs=("swarm.look",)),
        Action(id="project.deploy-stack", text=translate("SwarmActions", "Deploy as a stack…"), icon="upload",
               subject="project", enabled=with_files, run=deploy_project, needs=("swarm.look",)),
        Action(id="service.details", text=translate("SwarmActions", "Details"), icon="info", subject="service",
               enabled=one, run=details),
        Action(id="service.logs", text=translate("SwarmActions", "Log"), icon="logs", subject="service", enabled=one,
               run=logs),
        Action(id="service.scale", text=translate("SwarmActions", "Scale…"), icon="layers", subject="service",
               enabled=scalable, run=scale, why_not=why_not_scalable),
        Action(id="service.image", text=translate("SwarmActions", "Update image…"), icon="image", subject="service",
               enabled=one, run=update_image),
        Action(id="service.restart", text=translate("SwarmActions", "Start tasks anew"), icon="restart",
               subject="service", enabled=some, run=restart),
        Action(id="service.roll-back", text=translate("SwarmActions", "Roll back…"), icon="history", subject="service",
               enabled=undoable, run=roll_back, why_not=why_not_undoable),
        Action(id="service.remove", text=translate("SwarmActions", "Remove…"), icon="trash", subject="service",
               enabled=some, run=remove_services, shortcut="Delete", danger=True),
    )  # fmt: skip


def _other_actions() -> tuple[Action, ...]:
    return (
        Action(id="node.drain", text=translate("SwarmActions", "Drain"), icon="unplug", subject="node",
               enabled=_other_than("drain"), run=_make("drain"),
               hint=translate("SwarmActions", "Its tasks go to other nodes, and it gets no new ones")),
        Action(id="node.pause", text=translate("SwarmActions", "Pause"), icon="pause", subject="node",
               enabled=_other_than("pause"), run=_make("pause"),
               hint=translate("SwarmActions", "Its tasks stay, and it gets no new ones")),
        Action(id="node.activate", text=translate("SwarmActions", "Activate"), icon="play", subject="node",
               enabled=_other_than("active"), run=_make("active"),
               hint=translate("SwarmActions", "It gets tasks again")),
        Action(id="node.promote", text=translate("SwarmActions", "Make it a manager"), icon="arrow-up", subject="node",
               enabled=_no("manager"), run=_become("manager")),
        Action(id="node.demote", text=translate("SwarmActions", "Make it a worker"), icon="arrow-down", subject="node",
               enabled=demotable, run=_become("worker"), why_not=why_not_demotable),
        Action(id="stack.remove", text=translate("SwarmActions", "Remove…"), icon="trash", subject="stack",
               enabled=some, run=remove_stacks, shortcut="Delete", danger=True),
        Action(id="swarm-file.remove", text=translate("SwarmActions", "Remove…"), icon="trash", subject="swarm-file",
               enabled=unused, run=remove_files, shortcut="Delete", danger=True, why_not=why_used),
    )  # fmt: skip
