"""What a user can do in a Kubernetes cluster. The subjects are rows of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gui.actions.actions import Action
from gui.presentation.images.words import image_name
from gui.presentation.names import is_figures, number_problem
from gui.presentation.remote.clusters import place_of
from gui.shell import Confirmation, TextQuestion
from gui.theme import Tone
from gui.words import named_or_counted, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types.containers import Container
    from engine.types.images import Image
    from gui.presentation.projects.words import ProjectRow
    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_SCALED = ("deployments", "statefulsets")
_ROLLED = ("deployments", "statefulsets", "daemonsets")
_SAYS = (*_ROLLED, "pods", "jobs", "services")
_FORWARDED = (*_ROLLED, "pods", "services")
_UNDONE = (*_ROLLED, "configmaps", "secrets")
_MOST = 1000


def only(*plurals: str, several: bool = False) -> Callable[[Sequence[ClusterRow]], bool]:
    """Enabled for objects of these kinds."""

    def enabled(rows: Sequence[ClusterRow]) -> bool:
        return bool(rows) and (several or len(rows) == 1) and all(row.plural in plurals for row in rows)

    return enabled


def removable(rows: Sequence[ClusterRow]) -> bool:
    return bool(rows) and all(row.plural != "events" for row in rows)


def one(rows: Sequence[Any]) -> bool:
    return len(rows) == 1


async def deploy(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("cluster-deploy")


async def deploy_containers(shell: Shell, containers: Sequence[Container]) -> None:
    shell.open_dialog("cluster-deploy", names=[each.name for each in containers])


async def deploy_images(shell: Shell, images: Sequence[Image]) -> None:
    shell.open_dialog("cluster-deploy", names=[image_name(each) for each in images])


async def deploy_project(shell: Shell, projects: Sequence[ProjectRow]) -> None:
    shell.open_dialog("cluster-deploy", names=[each.project.name for each in projects])


def has_containers(projects: Sequence[ProjectRow]) -> bool:
    return len(projects) == 1 and bool(projects[0].containers)


async def details(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    shell.navigate("clusters", rows[0].key)


async def logs(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    shell.navigate("clusters", rows[0].key, "log")


async def terminal(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    shell.navigate("clusters", rows[0].key, "terminal")


async def scale(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    row = rows[0]
    text = await shell.ask_text(
        TextQuestion(
            title=translate("ClusterActions", "Scale {0}").format(row.name),
            label=translate("ClusterActions", "Pods"),
            accept=translate("ClusterActions", "Scale"),
            text=str(row.replicas),
            check=lambda text: number_problem(text, _MOST),
        )
    )
    if text is not None:
        await shell.client.call(lambda engine: engine.clusters.scale(place_of(row), row.target, int(text)))
        told = translate("ClusterActions", "{0} is asked for {1} pods", None, int(text))
        shell.toast(told.format(row.name, int(text)), Tone.SUCCESS)


async def restart(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    """Pod by pod, as the workload says; nothing is interrupted that has more than one."""
    for row in rows:
        await shell.client.call(lambda engine, row=row: engine.clusters.restart(place_of(row), row.target))  # type: ignore[misc]
    names = ", ".join(row.name for row in rows[:3]) + ("…" if len(rows) > 3 else "")
    shell.toast(translate("ClusterActions", "Pods of {0} are replaced one after the other").format(names), Tone.SUCCESS)


async def undo(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    row = rows[0]
    question = Confirmation(
        title=translate("ClusterActions", "Bring {0} back to how it was before?").format(row.name),
        text=translate("ClusterActions", "Its pods are replaced by those of the state before the last change.")
        if row.plural in _ROLLED
        else translate("ClusterActions", "What it held before the last deployment from here is put back."),
        accept=translate("ClusterActions", "Bring back"),
        danger=False,
    )
    if await shell.confirm(question) is None:
        return
    await shell.client.call(lambda engine: engine.clusters.undo(place_of(row), row.target))
    shell.toast(translate("ClusterActions", "{0} goes back to how it was before").format(row.name), Tone.SUCCESS)


async def delete(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    """With a question: a cluster has no way back."""
    question = Confirmation(
        title=named_or_counted(
            [row.name for row in rows],
            translate("ClusterActions", "Delete {0}?"),
            translate("ClusterActions", "Delete %n objects?", None, len(rows)),
        ),
        text=translate(
            "ClusterActions",
            "It is deleted in the cluster {0}, and what belongs to it goes along. It cannot be undone.",
        ).format(rows[0].context),
        accept=translate("ClusterActions", "Delete"),
        details=tuple(f"{row.kind}  {row.namespace}/{row.name}" for row in rows),
    )
    if await shell.confirm(question) is None:
        return
    for row in rows:
        await shell.client.call(lambda engine, row=row: engine.clusters.delete(place_of(row), row.plural, row.name))  # type: ignore[misc]
    shell.toast(
        named_or_counted(
            [row.name for row in rows],
            translate("ClusterActions", "Deleted {0}"),
            translate("ClusterActions", "Deleted %n objects", None, len(rows)),
        )
    )


async def forward(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    row = rows[0]
    text = await shell.ask_text(
        TextQuestion(
            title=translate("ClusterActions", "Forward a port of {0}").format(row.name),
            label=translate("ClusterActions", "Port there, or “here:there”"),
            accept=translate("ClusterActions", "Forward"),
            text=str(row.ports[0]) if row.ports else "80",
            check=_ports_problem,
        )
    )
    if text is None:
        return
    here, there = ports_of(text)
    made = await shell.client.call(
        lambda engine: engine.clusters.forward(place_of(row), row.target, there, local_port=here)
    )
    words = translate("ClusterActions", "127.0.0.1:{0} leads to port {1} of {2}")
    shell.toast(
        words.format(made.local_port, made.port, made.pod), Tone.SUCCESS, button=translate("ClusterActions", "Show"),
        on_button=lambda: shell.navigate("clusters", "", "ports"),
    )  # fmt: skip


def ports_of(text: str) -> tuple[int, int]:
    """Here and there; here is 0 where any will do. Raises ValueError."""
    here, _, there = text.strip().rpartition(":")
    if not is_figures(there) or not is_figures(here or "0"):
        raise ValueError(text)
    found = (int(here or 0), int(there))
    if not 0 < found[1] < 65536 or found[0] >= 65536:
        raise ValueError(text)
    return found


def _ports_problem(text: str) -> str:
    try:
        ports_of(text)
    except ValueError:
        return translate("ClusterActions", "Write a port, such as 80 or 8080:80")
    return ""


async def copy_out(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    row = rows[0]
    path = await shell.ask_text(
        TextQuestion(
            title=translate("ClusterActions", "Copy out of {0}").format(row.name),
            label=translate("ClusterActions", "File or folder in the pod"),
            accept=translate("ClusterActions", "Choose where to…"),
            text="/",
            check=_path_problem,
        )
    )
    if path is None:
        return
    path = path.strip()
    folder = await shell.choose_folder(translate("ClusterActions", "Copy {0} to").format(path))
    if folder:
        count = await shell.client.call(
            lambda engine: engine.clusters.copy_out(place_of(row), row.target, path, folder)
        )
        shell.toast(
            translate("ClusterActions", "Copied {0} to {1} ({2} files)", None, count).format(path, folder, count),
            Tone.SUCCESS,
        )


async def copy_in(shell: Shell, rows: Sequence[ClusterRow]) -> None:
    row = rows[0]
    path = await shell.choose_open_file(translate("ClusterActions", "Copy into {0}").format(row.name))
    if not path:
        return
    folder = await shell.ask_text(
        TextQuestion(
            title=translate("ClusterActions", "Copy into {0}").format(row.name),
            label=translate("ClusterActions", "Folder in the pod"),
            accept=translate("ClusterActions", "Copy"),
            text="/tmp",
            check=_path_problem,
        )
    )
    if folder is not None:
        folder = folder.strip()
        await shell.client.call(lambda engine: engine.clusters.copy_in(place_of(row), row.target, path, folder))
        shell.toast(translate("ClusterActions", "Copied {0} to {1}").format(path, folder), Tone.SUCCESS)


def _path_problem(text: str) -> str:
    return "" if text.strip().startswith("/") else translate("ClusterActions", "Write a path that begins with /")


def actions() -> tuple[Action, ...]:
    return (
        Action(id="clusters.deploy", text=translate("ClusterActions", "Deploy to a cluster…"), icon="upload",
               run=deploy),
        Action(id="container.deploy", text=translate("ClusterActions", "Deploy to a cluster…"), icon="upload",
               subject="container", enabled=bool, run=deploy_containers),
        Action(id="image.deploy", text=translate("ClusterActions", "Deploy to a cluster…"), icon="upload",
               subject="image", enabled=one, run=deploy_images),
        Action(id="project.deploy", text=translate("ClusterActions", "Deploy to a cluster…"), icon="upload",
               subject="project", enabled=has_containers, run=deploy_project),
        Action(id="cluster.details", text=translate("ClusterActions", "Details"), icon="info", subject="cluster",
               enabled=one, run=details),
        Action(id="cluster.logs", text=translate("ClusterActions", "Log"), icon="logs", subject="cluster",
               enabled=only(*_SAYS), run=logs),
        Action(id="cluster.terminal", text=translate("ClusterActions", "Terminal"), icon="terminal",
               subject="cluster", enabled=only("pods"), run=terminal),
        Action(id="cluster.forward", text=translate("ClusterActions", "Forward a port…"), icon="plug",
               subject="cluster", enabled=only(*_FORWARDED), run=forward),
        Action(id="cluster.scale", text=translate("ClusterActions", "Scale…"), icon="layers", subject="cluster",
               enabled=only(*_SCALED), run=scale),
        Action(id="cluster.restart", text=translate("ClusterActions", "Restart"), icon="restart", subject="cluster",
               enabled=only(*_ROLLED, several=True), run=restart),
        Action(id="cluster.undo", text=translate("ClusterActions", "Bring back…"), icon="history", subject="cluster",
               enabled=only(*_UNDONE), run=undo),
        Action(id="cluster.copy-out", text=translate("ClusterActions", "Copy out…"), icon="download",
               subject="cluster", enabled=only("pods"), run=copy_out),
        Action(id="cluster.copy-in", text=translate("ClusterActions", "Copy in…"), icon="upload", subject="cluster",
               enabled=only("pods"), run=copy_in),
        Action(id="cluster.delete", text=translate("ClusterActions", "Delete…"), icon="trash", subject="cluster",
               enabled=removable, run=delete, shortcut="Delete", danger=True),
    )  # fmt: skip
