"""Where `wherry build` puts what was built: files of a directory, archives, registries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.build.build_wishes import Output
    from engine.cli.reach.wire import Client


def deliver(client: Client, image: str, tags: Sequence[str], outputs: Sequence[Output]) -> None:
    for output in outputs:
        if output.kind in ("local", "tar"):
            _files(client, image, output)
        elif output.kind == "oci" or (output.kind == "docker" and output.place):
            _archive(client, next(iter(output.names or tags), image), output)
        elif output.push:
            _push(client, [*(output.names or tags)], image)
        for name in output.names:
            _tag(client, image, name)


def _files(client: Client, image: str, output: Output) -> None:
    from engine.cli.streams.files import write_out
    from engine.cli.streams.unpacking import unpack

    pieces = client.ask("GET", f"/wherry/images/{quote(image)}/files").pieces()
    if output.kind == "tar":
        write_out(pieces, "" if output.place == "-" else output.place)
        return
    os.makedirs(output.place, exist_ok=True)
    unpack(pieces, output.place, None)


def _archive(client: Client, name: str, output: Output) -> None:
    from engine.cli.streams.files import write_out

    if output.kind == "oci":
        answer = client.ask("GET", f"/wherry/images/{quote(name, safe='/:')}/layout")
    else:
        answer = client.ask("GET", "/images/get", {"names": [name]})
    write_out(answer.pieces(), "" if output.place == "-" else output.place)


def _tag(client: Client, image: str, name: str) -> None:
    repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
    client.post(f"/images/{quote(image)}/tag", {"repo": repository, "tag": tag})


def _push(client: Client, names: Sequence[str], image: str) -> None:
    from engine.cli.streams.progress import show_messages

    if not names:
        raise Failed(0, "tag is needed when pushing to registry")
    for name in names:
        _tag(client, image, name)
        repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
        answer = client.ask("POST", f"/images/{quote(repository, safe='/:')}/push", {"tag": tag})
        show_messages(answer.messages())
