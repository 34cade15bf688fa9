"""What a user can do to images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication

from gui.actions.actions import Action
from gui.actions.removing import each, removed_words
from gui.presentation.images.words import image_name
from gui.shell import Confirmation, Removal, TextQuestion
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import Image
    from gui.shell import Shell

_HOST = re.compile(r"[.:A-Z]|^localhost$")
"""What makes the first part of a name the registry's, as the engine has it."""
_REFERENCE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:/-]*")


def some(images: Sequence[Image]) -> bool:
    return len(images) > 0


def one(images: Sequence[Image]) -> bool:
    return len(images) == 1


def tagged(images: Sequence[Image]) -> bool:
    return len(images) == 1 and bool(images[0].tags)


def check_reference(text: str) -> str:
    """What is wrong with a name for an image, or ""."""
    if not text.strip():
        return translate("ImageActions", "A name is needed, such as team/app:1.0")
    if not _REFERENCE.fullmatch(text.strip()):
        return translate("ImageActions", "Only letters, digits and . _ - / : may be in it")
    host, slash, inside = text.strip().partition("/")
    repository = inside if slash and _HOST.search(host) else text.strip()
    folder, _, name = repository.rpartition("/")
    name = name.partition(":")[0]
    if folder + name != (folder + name).lower():
        return translate("ImageActions", "The part before the tag is written in small letters")
    return ""


async def run(shell: Shell, images: Sequence[Image]) -> None:
    shell.open_dialog("run", image=images[0].tags[0] if images[0].tags else images[0].id)


async def details(shell: Shell, images: Sequence[Image]) -> None:
    shell.navigate("images", images[0].id)


async def layers(shell: Shell, images: Sequence[Image]) -> None:
    shell.navigate("images", images[0].id, "layers")


async def compare(shell: Shell, images: Sequence[Image]) -> None:
    other = images[1].id if len(images) > 1 else ""
    shell.navigate("images", images[0].id, f"compare:{other}")


async def pull(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("pull")


async def pull_again(shell: Shell, images: Sequence[Image]) -> None:
    shell.open_dialog("pull", reference=images[0].tags[0], start=True)


async def push(shell: Shell, images: Sequence[Image]) -> None:
    shell.open_dialog("push", reference=images[0].tags[0])


async def tag(shell: Shell, images: Sequence[Image]) -> None:
    image = images[0]
    question = TextQuestion(
        title=translate("ImageActions", "Tag {0}").format(image_name(image)),
        label=translate("ImageActions", "Another name for it"),
        accept=translate("ImageActions", "Tag"),
        text=image.tags[0] if image.tags else "",
        check=check_reference,
    )
    name = await shell.ask_text(question)
    if name:
        await shell.client.call(lambda engine: engine.images.tag(image.id, name.strip()))
        shell.toast(translate("ImageActions", "Tagged {0}").format(name.strip()), Tone.SUCCESS)


async def untag(shell: Shell, images: Sequence[Image]) -> None:
    image = images[0]
    reference = image.tags[0]
    await shell.client.call(lambda engine: engine.images.remove(reference))
    shell.toast(
        translate("ImageActions", "Took the tag {0} away").format(reference),
        button=translate("ImageActions", "Undo"),
        on_button=lambda: shell.run(shell.client.call(lambda engine: engine.images.tag(image.id, reference))),
    )


async def save(shell: Shell, images: Sequence[Image]) -> None:
    references = [image.tags[0] if image.tags else image.id for image in images]
    stem = re.sub(r"[^\w.-]+", "-", image_name(images[0])).strip("-")
    path = await shell.choose_save_file(
        translate("ImageActions", "Save images to a file"),
        f"{stem}.tar",
        translate("ImageActions", "Image archives (*.tar)"),
    )
    if path:
        await shell.client.operate(lambda engine: engine.images.save_to(references, path))
        shell.toast(translate("ImageActions", "Saved to {0}").format(path), Tone.SUCCESS)


async def remove(shell: Shell, images: Sequence[Image]) -> None:
    """At once with undo; asked before where containers were made of it or other names go too."""
    users = {key for image in images for key in image.used_by}
    force = False
    if users or any(len(image.tags) > 1 for image in images):
        if await shell.confirm(_removal_question(images, len(users))) is None:
            return
        force = True
    ids = tuple(image.id for image in images)
    shell.remove(
        Removal(
            title=removed_words(
                [image_name(image) for image in images], translate("ImageActions", "Removed %n images", None, len(ids))
            ),
            hidden={"image": ids},
            work=each(ids, lambda engine, key: engine.images.remove(key, force=force)),
            gain=lambda engine: engine.images.removal_frees(ids),
        )
    )


def _removal_question(images: Sequence[Image], users: int) -> Confirmation:
    reasons: list[str] = []
    if users:
        reasons.append(
            translate(
                "ImageActions", "%n containers were made from it; they stay, but cannot be made again.", None, users
            )
        )
    if any(len(image.tags) > 1 for image in images):
        reasons.append(translate("ImageActions", "All its names go. “Take the tag away” takes one."))
    names = [tag for image in images for tag in (image.tags or (image_name(image),))]
    return Confirmation(
        title=translate("ImageActions", "Remove %n images?", None, len(images)),
        text=" ".join(reasons),
        accept=translate("ImageActions", "Remove"),
        details=tuple(names),
    )


async def prune(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.navigate("disk", "images")


async def registries(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("registries")


async def find_file(shell: Shell, _subjects: Sequence[Any]) -> None:
    shell.open_dialog("find-file")


async def copy_id(_shell: Shell, images: Sequence[Image]) -> None:
    QGuiApplication.clipboard().setText("\n".join(image.id for image in images))


async def copy_name(_shell: Shell, images: Sequence[Image]) -> None:
    QGuiApplication.clipboard().setText("\n".join(image_name(image) for image in images))


def actions() -> tuple[Action, ...]:
    return (
        Action(id="images.pull", text=translate("ImageActions", "Pull an image…"), icon="download", run=pull,
               shortcut="Ctrl+P", window_wide=True,
               hint=translate("ImageActions", "From Docker Hub or any other registry")),
        Action(id="images.prune", text=translate("ImageActions", "Free space…"), icon="broom", run=prune,
               hint=translate("ImageActions", "Remove images nothing uses")),
        Action(id="images.registries", needs=("images.login",),
               text=translate("ImageActions", "Registries and logins…"), icon="key",
               run=registries),
        Action(id="images.find-file", needs=("images.find",),
               text=translate("ImageActions", "Find a file in all images…"), icon="search",
               run=find_file),
        Action(id="image.run", text=translate("ImageActions", "Run…"), icon="play", subject="image", enabled=one,
               run=run, shortcut="Ctrl+Return"),
        Action(id="image.details", text=translate("ImageActions", "Details"), icon="info", subject="image", enabled=one,
               run=details),
        Action(id="image.layers", text=translate("ImageActions", "Look inside"), icon="layers", subject="image",
               enabled=one, run=layers,
               hint=translate("ImageActions", "Layers, files, and where the bytes are")),
        Action(id="image.compare", text=translate("ImageActions", "Compare"), icon="compare", subject="image",
               enabled=lambda images: len(images) in (1, 2), run=compare,
               hint=translate("ImageActions", "Side by side: files, packages, settings")),
        Action(id="image.pull-again", text=translate("ImageActions", "Pull again"), icon="download", subject="image",
               enabled=tagged, run=pull_again, hint=translate("ImageActions", "See whether there is a newer one")),
        Action(id="image.push", text=translate("ImageActions", "Push…"), icon="upload", subject="image", enabled=tagged,
               run=push),
        Action(id="image.tag", text=translate("ImageActions", "Tag…"), icon="tag", subject="image", enabled=one,
               run=tag),
        Action(id="image.untag", text=translate("ImageActions", "Take the tag away"), icon="x", subject="image",
               enabled=lambda images: len(images) == 1 and len(images[0].tags) > 1, run=untag),
        Action(id="image.save", text=translate("ImageActions", "Save to a file…"), icon="save", subject="image",
               enabled=some, run=save),
        Action(id="image.copy-name", text=translate("ImageActions", "Copy name"), icon="copy", subject="image",
               enabled=some, run=copy_name),
        Action(id="image.copy-id", text=translate("ImageActions", "Copy id"), icon="copy", subject="image",
               enabled=some, run=copy_id),
        Action(id="image.remove", text=translate("ImageActions", "Remove"), icon="trash", subject="image",
               enabled=some, run=remove, shortcut="Delete", danger=True),
    )  # fmt: skip
