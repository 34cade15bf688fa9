"""`inspect`: everything about one or more things, of whatever kind a name is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from engine.cli.options import Given
    from engine.cli.reach.wire import Client

_INSPECT = """
-f --format text  Format output using a custom template, or 'json'
-s --size flag    Display total file sizes if the type is container
--type text       Only inspect objects of the given type: container, image, network or volume
"""


def inspect(given: Given) -> int:
    """Of a name that may mean several things: the container first, then the image, network and volume."""
    kinds = ("container", "image", "network", "volume")
    wanted = given.text("type")
    if wanted and wanted not in kinds:
        raise UsageError(f'"{wanted}" is not a valid value for --type')
    return inspect_kinds(given, (wanted,) if wanted else kinds)


_PATHS = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
}


def inspect_kinds(given: Given, kinds: tuple[str, ...]) -> int:
    from engine.cli.printed.tables import show_objects

    client, found, missing = engine(), [], []
    for name in given.arguments:
        try:
            found.append(_find(client, name, kinds, size=given.flag("size")))
        except Failed as error:
            missing.append(error.message)
    show_objects(found, given.text("format"))
    for message in missing:
        say(f"Error: {message}", file=sys.stderr)
    return 1 if missing else 0


def _find(client: Client, name: str, kinds: tuple[str, ...], *, size: bool) -> Any:
    for kind in kinds:
        try:
            return client.get(_PATHS[kind].format(quote(name)), {"size": size and kind == "container"})
        except Failed as error:
            # What is no name of an image may well be one of a volume.
            if error.status != 404 and not (error.status == 400 and kind == "image" and len(kinds) > 1):
                raise
            message = error.message
    raise Failed(404, f"No such object: {name}" if len(kinds) > 1 else message)


def container_inspect(given: Given) -> int:
    return inspect_kinds(given, ("container",))


COMMANDS = {
    "inspect": Command(inspect, "[OPTIONS] NAME|ID [NAME|ID...]", "Show everything about things", _INSPECT, least=1),
    "container inspect": Command(
        container_inspect, "[OPTIONS] CONTAINER [CONTAINER...]", "Show everything about containers", _INSPECT, least=1
    ),
}
