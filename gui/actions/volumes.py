"""What a user can do to volumes."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from engine.types.containers import ALIVE_STATES
from gui.actions.actions import Action
from gui.actions.removing import each, removed_words
from gui.models.volumes import volume_name
from gui.presentation.names import name_problem
from gui.presentation.units import bytes_text
from gui.shell import Confirmation, Removal, TextQuestion
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from engine.types.volumes import Volume
    from gui.bridge import Engine
    from gui.shell import Shell

BACKUPS = "*.tar.zst *.tar"


def backup_filter() -> str:
    """For file dialogs."""
    return translate("VolumeActions", "Backups ({0})").format(BACKUPS)


def some(volumes: Sequence[Volume]) -> bool:
    return len(volumes) > 0


def one(volumes: Sequence[Volume]) -> bool:
    return len(volumes) == 1


def free_one(volumes: Sequence[Volume]) -> bool:
    return len(volumes) == 1 and not volumes[0].used_by


def free_some(volumes: Sequence[Volume]) -> bool:
    return any(not volume.used_by for volume in volumes)


def in_use(volumes: Sequence[Volume]) -> str:
    users = {key for volume in volumes for key in volume.used_by}
    if not users:
        return ""
    return translate("VolumeActions", "%n containers use it: remove them first", None, len(users))


async def create(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("create-volume")


async def browse(shell: Shell, volumes: Sequence[Volume]) -> None:
    shell.navigate("volumes", volumes[0].name)


async def measure(shell: Shell, volumes: Sequence[Volume]) -> None:
    for volume in volumes:
        await shell.client.call(lambda engine, name=volume.name: engine.volumes.measure(name))  # type: ignore[misc]


async def backup(shell: Shell, volumes: Sequence[Volume]) -> None:
    name = volumes[0].name
    day = datetime.now().astimezone().strftime("%Y-%m-%d")
    path = await shell.choose_save_file(
        translate("VolumeActions", "Back up {0}").format(name),
        f"{name}-{day}.tar.zst",
        backup_filter(),
    )
    if path:
        await shell.client.operate(lambda engine: engine.volumes.backup(name, path))
        shell.toast(translate("VolumeActions", "Backed up to {0}").format(path), Tone.SUCCESS)


async def restore(shell: Shell, volumes: Sequence[Volume]) -> None:
    """Containers that run are stopped for it and started again; what was in it is backed up first, if wanted."""
    volume = volumes[0]
    path = await shell.choose_open_file(
        translate("VolumeActions", "Restore {0} from").format(volume.name),
        backup_filter(),
    )
    if not path:
        return
    running = _running_users(shell, volume)
    names = ", ".join(one.name for one in running)
    text = translate("VolumeActions", "All that is in it now is replaced by what is in the backup.")
    accept = translate("VolumeActions", "Restore")
    if running:
        text += " " + translate("VolumeActions", "{0} uses it, is stopped for that, and started again.").format(names)
        accept = translate("VolumeActions", "Stop {0}, restore, start it again").format(names)
    before = _before(volume.name, path)
    words = translate("VolumeActions", "First back up what is in it to {0}").format(PurePath(before).name)
    question = Confirmation(
        title=translate("VolumeActions", "Restore {0}?").format(volume.name),
        text=text,
        accept=accept,
        options=(("backup", words, True),),
        details=(path,),
    )
    ticked = await shell.confirm(question)
    if ticked is None:
        return
    await _put_in(shell, volume, path, before if "backup" in ticked else "")
    undo = "backup" in ticked
    shell.toast(
        translate("VolumeActions", "Restored {0}").format(volume.name),
        Tone.SUCCESS,
        button=translate("VolumeActions", "Undo") if undo else "",
        on_button=(lambda: shell.run(_take_back(shell, volume, before))) if undo else None,
    )


def _running_users(shell: Shell, volume: Volume) -> list[Container]:
    containers = shell.client.mirror.containers
    known = shell.client.mirror.volumes.get(volume.name, volume)
    users = [containers[one] for one in known.used_by if one in containers]
    return sorted((one for one in users if one.state in ALIVE_STATES), key=lambda one: one.name)


def _before(name: str, path: str) -> str:
    """Where what is replaced is kept: beside the backup that replaces it."""
    moment = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    return str(PurePath(path).with_name(f"{name}-before-{moment}.tar.zst"))


async def _put_in(shell: Shell, volume: Volume, path: str, before: str) -> None:
    """Whatever happens, what ran before runs afterwards."""
    client, running = shell.client, _running_users(shell, volume)
    stopped: list[str] = []
    try:
        for one in running:
            await client.call(lambda engine, key=one.id: engine.containers.stop(key))  # type: ignore[misc]
            stopped.append(one.id)
        if before:
            await client.operate(lambda engine: engine.volumes.backup(volume.name, before))
        await client.operate(lambda engine: engine.volumes.restore(volume.name, path))
    finally:
        for key in stopped:
            await client.call(lambda engine, key=key: engine.containers.start(key))  # type: ignore[misc]


async def _take_back(shell: Shell, volume: Volume, before: str) -> None:
    await _put_in(shell, volume, before, "")
    shell.toast(translate("VolumeActions", "{0} is as it was before").format(volume.name), Tone.SUCCESS)


async def clone(shell: Shell, volumes: Sequence[Volume]) -> None:
    old = volumes[0].name
    name = await shell.ask_text(
        TextQuestion(
            title=translate("VolumeActions", "Clone {0}").format(old),
            label=translate("VolumeActions", "Name of the copy"),
            accept=translate("VolumeActions", "Clone"),
            text=f"{old}-copy",
            check=lambda text: name_problem(text.strip()),
        )
    )
    if name:
        await shell.make_room("volume", [name.strip()])
        await shell.client.operate(lambda engine: engine.volumes.clone(old, name.strip()))
        shell.toast(translate("VolumeActions", "Cloned to {0}").format(name.strip()), Tone.SUCCESS)


async def rename(shell: Shell, volumes: Sequence[Volume]) -> None:
    old = volumes[0].name
    name = await shell.ask_text(
        TextQuestion(
            title=translate("VolumeActions", "Rename {0}").format(old),
            label=translate("VolumeActions", "New name"),
            accept=translate("VolumeActions", "Rename"),
            text=old,
            check=lambda text: name_problem(text.strip()),
        )
    )
    if name and name.strip() != old:
        new = name.strip()
        await shell.client.call(lambda engine: engine.volumes.rename(old, new))
        shell.toast(
            translate("VolumeActions", "Renamed to {0}").format(new),
            button=translate("VolumeActions", "Undo"),
            on_button=lambda: shell.run(shell.client.call(lambda engine: engine.volumes.rename(new, old))),
        )


async def remove(shell: Shell, volumes: Sequence[Volume]) -> None:
    """Asked before in spite of undo: what is in a volume was meant to stay."""
    free = [volume for volume in volumes if not volume.used_by]
    known = sum(volume.size or 0 for volume in free)
    text = translate("VolumeActions", "What is in it is lost for good. A backup first may be a good idea.")
    if known:
        text += " " + translate("VolumeActions", "This frees {0}.").format(bytes_text(known))
    question = Confirmation(
        title=translate("VolumeActions", "Remove %n volumes?", None, len(free)),
        text=text,
        accept=translate("VolumeActions", "Remove"),
        details=tuple(volume_name(volume) for volume in free),
    )
    if await shell.confirm(question) is not None:
        _remove_soon(shell, free)


def _remove_soon(shell: Shell, volumes: Sequence[Volume]) -> None:
    names = tuple(volume.name for volume in volumes)
    known = sum(volume.size or 0 for volume in volumes)

    async def gain(_engine: Engine) -> int:
        return known

    shell.remove(
        Removal(
            title=removed_words(
                [volume_name(volume) for volume in volumes],
                translate("VolumeActions", "Removed %n volumes", None, len(names)),
            ),
            hidden={"volume": names},
            work=each(names, lambda engine, name: engine.volumes.remove(name)),
            gain=gain,
        )
    )


async def prune(shell: Shell, _subjects: Sequence[Any]) -> None:
    unused = [volume for volume in shell.client.mirror.volumes.values() if not volume.used_by]
    nameless = [volume for volume in unused if volume.anonymous]
    if not unused:
        shell.toast(translate("VolumeActions", "Every volume is in use: there is nothing to remove."))
        return
    text = translate("VolumeActions", "What is in them is lost for good.", None, len(unused))
    options: tuple[tuple[str, str, bool], ...] = ()
    if nameless and len(nameless) < len(unused):
        words = translate(
            "VolumeActions",
            "{0} of {1} unused volumes were made for a container and never named.",
            None,
            len(nameless),
        )
        text = words.format(len(nameless), len(unused)) + " " + text
        options = (("all", translate("VolumeActions", "Remove the named ones too"), False),)
    question = Confirmation(
        title=translate("VolumeActions", "Remove %n unused volumes?", None, len(unused)),
        text=text,
        accept=translate("VolumeActions", "Remove"),
        options=options,
        details=tuple(volume_name(volume) for volume in unused),
    )
    ticked = await shell.confirm(question)
    if ticked is not None:
        _remove_soon(shell, unused if "all" in ticked or not nameless else nameless)


def actions() -> tuple[Action, ...]:
    return (
        Action(id="volumes.create", text=translate("VolumeActions", "New volume…"), icon="plus", run=create),
        Action(id="volumes.prune", text=translate("VolumeActions", "Remove unused volumes…"), icon="broom", run=prune),
        Action(id="volume.browse", text=translate("VolumeActions", "Browse"), icon="folder-open", subject="volume",
               enabled=one, run=browse),
        Action(id="volume.measure", text=translate("VolumeActions", "Measure its size"), icon="gauge", subject="volume",
               enabled=some, run=measure),
        Action(id="volume.backup", text=translate("VolumeActions", "Back up…"), icon="archive", subject="volume",
               enabled=one, run=backup),
        Action(id="volume.restore", text=translate("VolumeActions", "Restore…"), icon="history", subject="volume",
               enabled=one, run=restore, danger=True),
        Action(id="volume.clone", text=translate("VolumeActions", "Clone…"), icon="clone", subject="volume",
               enabled=one, run=clone),
        Action(id="volume.rename", needs=("volumes.rename",),
               text=translate("VolumeActions", "Rename…"), icon="edit", subject="volume",
               enabled=free_one, run=rename, why_not=in_use),
        Action(id="volume.remove", text=translate("VolumeActions", "Remove…"), icon="trash", subject="volume",
               enabled=free_some, run=remove, shortcut="Delete", danger=True, why_not=in_use),
    )  # fmt: skip
