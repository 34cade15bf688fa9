"""The 40 cases with every set of clients, as a table: works, or what went wrong.

    packaging/fetch-clients DIRECTORY
    python -m tests.clients DIRECTORY [--socket SOCKET --peer] [--only 1,2] [--set 28] [--out TABLE]

Run as an ordinary user. Without a socket an engine of its own is opened; `--peer` says that dockerd listens there.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients import contexts, example, failures, flags, outputs, several
from tests.clients.cases import CASES
from tests.clients.world import World, clients_in
from tests.support.registry import serve_registry
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.clients.cases import Case
    from tests.clients.world import Clients

_MODULES = (contexts, example, failures, flags, outputs, several)
_HTPASSWD = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"  # of "secret"


async def main(options: argparse.Namespace) -> int:
    sets = [each for each in clients_in(options.clients) if options.set in ("", each.name)]
    numbers = {int(word) for word in options.only.split(",") if word}
    cases = [each for each in sorted(CASES, key=lambda one: one.number) if not numbers or each.number in numbers]
    store = make_short_tmp()
    try:
        async with AsyncExitStack() as stack:
            with ExitStack() as registries:
                plain, guarded = _registries(registries, store.path, options)
                socket = options.socket or await _engine(stack, store)
                found = {}
                for clients in sets:
                    for case in cases:
                        world = World(clients, store.path / "w", socket, plain, guarded, options.peer)
                        found[case.number, clients.name] = await _outcome(case, world)
    finally:
        remove_tree(store.path)
    _print_table(cases, sets, found, options)
    return 1 if any(found.values()) else 0


def _registries(stack: ExitStack, place: Path, options: argparse.Namespace) -> tuple[str, str]:
    (place / "plain").mkdir()
    (place / "guarded").mkdir()
    plain = stack.enter_context(serve_registry(place / "plain"))
    guarded = stack.enter_context(serve_registry(place / "guarded", htpasswd=options.htpasswd))
    return plain.host, guarded.host


async def _engine(stack: AsyncExitStack, store: object) -> Path:
    from engine.api.server import ApiServer
    from tests.support.engine import opened_engine

    engine = await stack.enter_async_context(opened_engine(store))  # type: ignore[arg-type]
    server = ApiServer(engine, engine.paths.socket)  # type: ignore[attr-defined]
    await server.start()
    stack.push_async_callback(server.close)
    return Path(engine.paths.socket)  # type: ignore[attr-defined]


async def _outcome(case: Case, world: World) -> str:
    """Nothing where it works."""
    world.prepare()
    try:
        await case.act(world)
    except Exception as error:
        print(f"{world.clients.name} · {case.number} {case.name}: {type(error).__name__} {error}\n", file=sys.stderr)
        return str(error).strip().splitlines()[0][:60] or type(error).__name__
    print(f"{world.clients.name} · {case.number} {case.name}: works", file=sys.stderr)
    return ""


def _print_table(
    cases: Sequence[Case], sets: Sequence[Clients], found: dict[tuple[int, str], str], options: argparse.Namespace
) -> None:
    head = ["no", "case", *(each.name for each in sets)]
    rows = [[str(one.number), one.name, *(found[one.number, each.name] or "works" for each in sets)] for one in cases]
    text = "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))
    print(text)
    if options.out:
        Path(options.out).write_text(text + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", type=Path)
    parser.add_argument("--socket", type=Path)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--set", default="")
    parser.add_argument("--out", default="")
    parser.add_argument("--htpasswd", default=_HTPASSWD)
    tempfile.tempdir = "/tmp"
    sys.exit(asyncio.run(main(parser.parse_args())))
