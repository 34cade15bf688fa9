"""What a user can do to containers, one action each; the lifecycle table says when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from engine.types.containers import ALIVE_STATES, LEGAL_ACTIONS, Container
from engine.types.containers import Action as Verb
from engine.types.images import CommitContainer
from gui.actions.actions import Action
from gui.actions.removing import each, removed_words
from gui.actions.several import raise_failures
from gui.presentation.containers.run_line import chosen_by_people, compose_file, docker_run_line
from gui.presentation.containers.words import port_url, shown_ports, state_words
from gui.presentation.names import name_problem
from gui.presentation.networks.door import address_of
from gui.presentation.units import bytes_text
from gui.shell import Confirmation, Removal, TextQuestion
from gui.theme import Tone
from gui.words import named_or_counted, translate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gui.bridge import Engine
    from gui.shell import Shell


def legal(verb: Verb) -> Callable[[Sequence[Container]], bool]:
    """Enabled if the verb is legal for at least one of the selected."""
    return lambda containers: any(verb in LEGAL_ACTIONS[c.state] for c in containers)


def one(verb: Verb | None = None) -> Callable[[Sequence[Container]], bool]:
    """Enabled for exactly one container (in whose state the verb is legal)."""
    return lambda containers: len(containers) == 1 and (verb is None or verb in LEGAL_ACTIONS[containers[0].state])


def _why_not(verb: str) -> Callable[[Sequence[Container]], str]:
    def explain(containers: Sequence[Container]) -> str:
        if len(containers) != 1:
            return ""
        return translate("ContainerActions", "Not possible while it is “{0}”").format(state_words(containers[0]).word)

    return explain


async def _each(
    shell: Shell, verb: Verb, containers: Sequence[Container], act: Callable[[Engine, str], Awaitable[Any]]
) -> list[Container]:
    """Do it to all for which it is legal, at once; what failed is raised after all have ended."""
    current = [shell.client.mirror.containers.get(c.id, c) for c in containers]
    fitting = [c for c in current if verb in LEGAL_ACTIONS[c.state]]
    calls = (shell.client.call(lambda engine, key=c.id: act(engine, key)) for c in fitting)  # type: ignore[misc]
    results = await asyncio.gather(*calls, return_exceptions=True)
    raise_failures([c.id for c in fitting], [c.name for c in fitting], results)
    return fitting


def _names(containers: Sequence[Container]) -> tuple[str, ...]:
    return tuple(c.name for c in containers)


async def start(shell: Shell, containers: Sequence[Container]) -> None:
    await _each(shell, Verb.START, containers, lambda engine, key: engine.containers.start(key))


async def stop(shell: Shell, containers: Sequence[Container]) -> None:
    done = await _each(shell, Verb.STOP, containers, lambda engine, key: engine.containers.stop(key))
    if done:
        shell.toast(
            named_or_counted(
                _names(done),
                translate("ContainerActions", "Stopped {0}"),
                translate("ContainerActions", "Stopped %n containers", None, len(done)),
            ),
            button=translate("ContainerActions", "Undo"),
            on_button=lambda: shell.run(start(shell, done)),
        )


async def restart(shell: Shell, containers: Sequence[Container]) -> None:
    await _each(shell, Verb.RESTART, containers, lambda engine, key: engine.containers.restart(key))


async def kill(shell: Shell, containers: Sequence[Container]) -> None:
    question = Confirmation(
        title=translate("ContainerActions", "Kill at once?"),
        text=translate(
            "ContainerActions",
            "The process gets no chance to finish what it is doing; what it has not written yet is lost. "
            "“Stop” asks it to end first.",
        ),
        accept=translate("ContainerActions", "Kill"),
        details=_names(containers),
    )
    if await shell.confirm(question) is not None:
        await _each(shell, Verb.KILL, containers, lambda engine, key: engine.containers.kill(key))


async def pause(shell: Shell, containers: Sequence[Container]) -> None:
    done = await _each(shell, Verb.PAUSE, containers, lambda engine, key: engine.containers.pause(key))
    if done:
        shell.toast(
            named_or_counted(
                _names(done),
                translate("ContainerActions", "Paused {0}"),
                translate("ContainerActions", "Paused %n containers", None, len(done)),
            ),
            button=translate("ContainerActions", "Undo"),
            on_button=lambda: shell.run(unpause(shell, done)),
        )


async def unpause(shell: Shell, containers: Sequence[Container]) -> None:
    await _each(shell, Verb.UNPAUSE, containers, lambda engine, key: engine.containers.unpause(key))


async def remove(shell: Shell, containers: Sequence[Container]) -> None:
    """At once with undo; asked before where it kills a service or takes volumes along, which a name does not tell."""
    current = [shell.client.mirror.containers.get(c.id, c) for c in containers]
    going = [c for c in current if Verb.FORCE_REMOVE in LEGAL_ACTIONS[c.state]]
    unnamed = _unnamed_volumes(shell, going)
    with_volumes = False
    if unnamed or any(_alive(c) for c in going):
        answer = await shell.confirm(_removal_question(going, len(unnamed)))
        if answer is None:
            return
        with_volumes = "volumes" in answer
    _remove_soon(shell, going, unnamed if with_volumes else ())


def _remove_soon(shell: Shell, containers: Sequence[Container], volumes: Sequence[str] = ()) -> None:
    keys = tuple(c.id for c in containers)

    async def gain(engine: Engine) -> int:
        return sum([(await engine.containers.size(key)).writable for key in keys])

    shell.remove(
        Removal(
            title=removed_words(
                [c.name for c in containers], translate("ContainerActions", "Removed %n containers", None, len(keys))
            ),
            hidden={"container": keys, "volume": tuple(volumes)},
            work=each(keys, lambda engine, key: engine.containers.remove(key, force=True, volumes=bool(volumes))),
            gain=gain,
        )
    )


def _alive(container: Container) -> bool:
    return Verb.REMOVE not in LEGAL_ACTIONS[container.state]


def _unnamed_volumes(shell: Shell, containers: Sequence[Container]) -> list[str]:
    """Volumes nobody named that nothing else uses."""
    going = {c.id for c in containers}
    sources = {mount.source for c in containers for mount in c.mounts}
    volumes = shell.client.mirror.volumes
    return [
        name
        for name in sorted(sources & volumes.keys())
        if volumes[name].anonymous and going.issuperset(volumes[name].used_by)
    ]


def _removal_question(containers: Sequence[Container], unnamed: int) -> Confirmation:
    alive = [c for c in containers if _alive(c)]
    text = translate("ContainerActions", "Files written inside are lost. Named volumes stay.")
    if alive:
        kills = named_or_counted(
            _names(alive),
            translate("ContainerActions", "{0} is running and will be killed."),
            translate("ContainerActions", "%n of them are running and will be killed.", None, len(alive)),
        )
        text = f"{kills} {text}"
    options: tuple[tuple[str, str, bool], ...] = ()
    if unnamed:
        words = translate("ContainerActions", "Also remove %n unnamed volumes used by nothing else", None, unnamed)
        options = (("volumes", words, True),)
    title = named_or_counted(
        _names(containers),
        translate("ContainerActions", "Remove {0}?"),
        translate("ContainerActions", "Remove %n containers?", None, len(containers)),
    )
    return Confirmation(
        title=title,
        text=text,
        accept=translate("ContainerActions", "Remove"),
        options=options,
        details=_names(containers) if len(containers) > 1 else (),
    )


async def rename(shell: Shell, containers: Sequence[Container]) -> None:
    container = containers[0]
    taken = {c.name for c in shell.client.mirror.containers.values() if c.id != container.id}

    def check(name: str) -> str:
        if name in taken:
            return translate("ContainerActions", "Another container has this name")
        return name_problem(name)

    name = await shell.ask_text(
        TextQuestion(
            title=translate("ContainerActions", "Rename {0}").format(container.name),
            label=translate("ContainerActions", "New name"),
            accept=translate("ContainerActions", "Rename"),
            text=container.name,
            check=check,
        )
    )
    if name is None or name == container.name:
        return
    client, old = shell.client, container.name
    await client.call(lambda engine: engine.containers.rename(container.id, name))
    shell.toast(
        translate("ContainerActions", "{0} is now called {1}").format(old, name),
        button=translate("ContainerActions", "Undo"),
        on_button=lambda: shell.run(client.call(lambda engine: engine.containers.rename(container.id, old))),
    )


async def show_logs(shell: Shell, containers: Sequence[Container]) -> None:
    if len(containers) > 1:
        shell.open_dialog("merged-logs", containers=[c.id for c in containers])
    else:
        shell.navigate("containers", containers[0].id, "logs")


async def show_graphs(shell: Shell, containers: Sequence[Container]) -> None:
    if len(containers) > 1:
        shell.open_dialog("graphs", containers=[c.id for c in containers])
    else:
        shell.navigate("containers", containers[0].id, "stats")


async def show_terminal(shell: Shell, containers: Sequence[Container]) -> None:
    shell.navigate("containers", containers[0].id, "terminal")


async def show_details(shell: Shell, containers: Sequence[Container]) -> None:
    shell.navigate("containers", containers[0].id, "overview")


async def edit(shell: Shell, containers: Sequence[Container]) -> None:
    shell.open_dialog("edit", container=containers[0].id)


async def duplicate(shell: Shell, containers: Sequence[Container]) -> None:
    shell.open_dialog("run", spec=chosen_by_people(containers[0].spec, containers[0].id))


async def open_in_browser(shell: Shell, containers: Sequence[Container]) -> None:
    url = _url(shell, containers[0])
    if url:
        QDesktopServices.openUrl(QUrl(url))


async def copy_address(shell: Shell, containers: Sequence[Container]) -> None:
    url = _url(shell, containers[0])
    if url:
        QGuiApplication.clipboard().setText(url)
        shell.toast(translate("ContainerActions", "{0} is in the clipboard").format(url))


def _url(shell: Shell, container: Container) -> str:
    """The front door's address, else that of the first port; says what to do where there is neither."""
    address = address_of(shell.client.mirror.doors, container.id)
    if address is not None:
        return address.url
    found = next((url for port in shown_ports(container) if (url := port_url(port))), "")
    if not found:
        shell.toast(
            translate("ContainerActions", "{0} has no address: publish a port, or open the front door").format(
                container.name
            ),
            button=translate("ContainerActions", "Front door"),
            on_button=lambda: shell.navigate("settings", "", "door"),
        )
    return found


async def compare(shell: Shell, containers: Sequence[Container]) -> None:
    shell.navigate("images", containers[0].image_id, f"compare:container:{containers[0].id}")


async def copy_command(shell: Shell, containers: Sequence[Container]) -> None:
    QGuiApplication.clipboard().setText(
        docker_run_line(chosen_by_people(containers[0].spec, containers[0].id), containers[0].name)
    )
    shell.toast(translate("ContainerActions", "The docker run line is in the clipboard"))


async def copy_compose(shell: Shell, containers: Sequence[Container]) -> None:
    one = containers[0]
    QGuiApplication.clipboard().setText(compose_file(chosen_by_people(one.spec, one.id), one.name))
    shell.toast(translate("ContainerActions", "The compose file is in the clipboard"))


async def export_as(shell: Shell, containers: Sequence[Container]) -> None:
    """A compose file, a Kubernetes manifest, units of Quadlet or systemd, a line."""
    title = ", ".join(each.name for each in containers)
    shell.open_dialog("export-as", containers=containers, title=title)


async def copy_id(shell: Shell, containers: Sequence[Container]) -> None:
    QGuiApplication.clipboard().setText("\n".join(c.id for c in containers))
    shell.toast(translate("ContainerActions", "Copied"))


async def commit(shell: Shell, containers: Sequence[Container]) -> None:
    container = containers[0]
    reference = await shell.ask_text(
        TextQuestion(
            title=translate("ContainerActions", "Make an image of {0}").format(container.name),
            label=translate("ContainerActions", "Name of the image"),
            accept=translate("ContainerActions", "Make image"),
            text=f"localhost/{container.name}:latest",
        )
    )
    if reference is None:
        return
    request = CommitContainer(container=container.id, reference=reference)
    await shell.client.operate(lambda engine: engine.images.commit(request))
    shell.toast(
        translate("ContainerActions", "Made the image {0}").format(reference),
        Tone.SUCCESS,
        button=translate("ContainerActions", "Show"),
        on_button=lambda: shell.navigate("images", reference),
    )


async def export(shell: Shell, containers: Sequence[Container]) -> None:
    from gui.bridge.download import save_stream

    container = containers[0]
    path = await shell.choose_save_file(
        translate("ContainerActions", "Export the files of {0}").format(container.name),
        f"{container.name}.tar",
        translate("ContainerActions", "Archives (*.tar)"),
    )
    if path:
        size = await save_stream(shell.client, lambda engine: engine.containers.export(container.id), path)
        shell.toast(translate("ContainerActions", "Exported {0}").format(bytes_text(size)), Tone.SUCCESS)


async def prune(shell: Shell, _subjects: Sequence[Any]) -> None:
    gone = [c for c in shell.client.mirror.containers.values() if not _alive(c)]
    if not gone:
        shell.toast(translate("ContainerActions", "There are no stopped containers"))
        return
    question = Confirmation(
        title=translate("ContainerActions", "Remove all stopped containers?"),
        text=translate("ContainerActions", "Files written inside them are lost. Named volumes stay."),
        accept=translate("ContainerActions", "Remove %n", None, len(gone)),
        details=_names(gone),
    )
    if await shell.confirm(question) is not None:
        _remove_soon(shell, gone)


async def run_new(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("run")


def container_actions() -> tuple[Action, ...]:
    """In the order of menus."""
    return (
        _lifecycle("start", translate("ContainerActions", "Start"), "play", Verb.START, start, "Alt+S"),
        _lifecycle("stop", translate("ContainerActions", "Stop"), "stop", Verb.STOP, stop, "Alt+T"),
        _lifecycle("restart", translate("ContainerActions", "Restart"), "restart", Verb.RESTART, restart, "Alt+R"),
        _lifecycle("pause", translate("ContainerActions", "Pause"), "pause", Verb.PAUSE, pause, "Alt+P"),
        _lifecycle("unpause", translate("ContainerActions", "Resume"), "play", Verb.UNPAUSE, unpause, "Alt+Shift+P"),
        _lifecycle("kill", translate("ContainerActions", "Kill…"), "kill", Verb.KILL, kill, "", danger=True),
        _looking("details", translate("ContainerActions", "Details"), "info", show_details, one(), "Return"),
        _looking("logs", translate("ContainerActions", "Logs"), "logs", show_logs, bool, "Alt+L"),
        _looking("graphs", translate("ContainerActions", "Graphs"), "chart", show_graphs, bool, ""),
        _looking(
            "terminal", translate("ContainerActions", "Terminal"), "terminal", show_terminal, one(Verb.EXEC), "Alt+E"
        ),
        _looking(
            "browse",
            translate("ContainerActions", "Open in the browser"),
            "external",
            open_in_browser,
            _lives,
            "Alt+O",
        ),
        *_workings(),
        *_copies(),
        _lifecycle(
            "remove", translate("ContainerActions", "Remove"), "trash", Verb.FORCE_REMOVE, remove, "Del", danger=True
        ),
        Action(
            id="containers.run",
            text=translate("ContainerActions", "Run a container…"),
            icon="plus",
            run=run_new,
            shortcut="Ctrl+N",
            window_wide=True,
            hint=translate("ContainerActions", "Start a service from an image"),
        ),
        Action(
            id="containers.prune",
            text=translate("ContainerActions", "Remove stopped containers…"),
            icon="broom",
            run=prune,
            danger=True,
        ),
    )


def _workings() -> tuple[Action, ...]:
    """What is done with one of them."""
    return (
        _looking(
            "edit",
            translate("ContainerActions", "Edit…"),
            "edit",
            edit,
            one(Verb.EDIT),
            "F4",
            needs=("containers.edit",),
        ),
        _looking("rename", translate("ContainerActions", "Rename…"), "edit", rename, one(Verb.RENAME), "F2"),
        _looking("duplicate", translate("ContainerActions", "Run another like this…"), "clone", duplicate, one(), ""),
        _looking(
            "compare",
            translate("ContainerActions", "Compare with its image"),
            "compare",
            compare,
            one(),
            "",
            needs=("images.compare_container",),
        ),
        _looking("commit", translate("ContainerActions", "Make an image…"), "image", commit, one(Verb.COMMIT), ""),
        _looking("export", translate("ContainerActions", "Export files…"), "archive", export, one(), ""),
    )


def _copies() -> tuple[Action, ...]:
    """What of a container goes into the clipboard."""
    return (
        _looking(
            "copy-run",
            translate("ContainerActions", "Copy docker run line"),
            "copy",
            copy_command,
            one(),
            "Ctrl+Shift+C",
        ),
        _looking(
            "copy-compose", translate("ContainerActions", "Copy as compose file"), "copy", copy_compose, one(), ""
        ),
        _looking("export-as", translate("ContainerActions", "Export as…"), "download", export_as, bool, ""),
        _looking(
            "copy-address", translate("ContainerActions", "Copy address for browsers"), "copy", copy_address, _lives, ""
        ),
        _looking("copy-id", translate("ContainerActions", "Copy id"), "copy", copy_id, bool, ""),
    )


def _lives(containers: Sequence[Container]) -> bool:
    return len(containers) == 1 and containers[0].state in ALIVE_STATES


def _lifecycle(name: str, text: str, icon: str, verb: Verb, run: Any, shortcut: str, *, danger: bool = False) -> Action:
    return Action(
        id=f"container.{name}",
        text=text,
        icon=icon,
        run=run,
        enabled=legal(verb),
        subject="container",
        shortcut=shortcut,
        danger=danger,
        why_not=_why_not(name),
    )


def _looking(
    name: str,
    text: str,
    icon: str,
    run: Any,
    enabled: Callable[[Sequence[Container]], bool],
    shortcut: str,
    *,
    needs: tuple[str, ...] = (),
) -> Action:
    return Action(
        id=f"container.{name}",
        text=text,
        icon=icon,
        run=run,
        enabled=enabled,
        subject="container",
        shortcut=shortcut,
        why_not=_why_not(name),
        needs=needs,
    )
