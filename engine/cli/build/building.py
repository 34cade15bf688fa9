"""`build`: the context as a tar without what `.dockerignore` leaves out, and the builder's lines as they come."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from engine.cli.reach.wire import Client

_BUILD = """
--add-host list       Add a custom host-to-IP mapping (host:ip)
--allow list          Let RUN have what it asks for: network.host, security.insecure
--build-arg list      Set build-time variables
--build-context list  Additional build contexts (e.g., name=path)
--cache-from list     External cache sources (e.g., user/app:cache, type=registry,ref=user/app:cache)
--cache-to list       Cache export destinations (e.g., type=registry,ref=user/app:cache,mode=max; type=inline)
--call text           Set method for evaluating build (check, outline, targets)
--check flag          Shorthand for --call=check
-f --file text        Name of the Dockerfile (default is 'PATH/Dockerfile')
--force-rm flag       Accepted for Docker's sake
--iidfile text        Write the image ID to the file
--label list          Set metadata for an image
--load flag           Accepted for Docker's sake: the image is here in any case
--network text        Set the networking mode for the RUN instructions during build
--no-cache flag       Do not use cache when building the image
--no-cache-filter list Do not cache specified stages
-o --output list      Output destination (e.g., DIRECTORY; type=local,dest=path; type=tar, oci, docker, registry)
--platform list       Set target platforms for build
--progress text       rawjson: for programs, on stderr; quiet is as --quiet; auto, plain and tty are the same
--pull flag           Always attempt to pull a newer version of the image
--push flag           Shorthand for --output=type=registry
-q --quiet flag       Suppress the build output and print image ID on success
--rm flag             Accepted for Docker's sake
--secret list         Secret to expose to the build (e.g., id=mysecret,src=path; id=mysecret,env=NAME)
--shm-size text       Size of /dev/shm for the RUN instructions
--squash flag         Squash newly built layers into a single new layer
--ssh list            SSH agent or keys to expose to the build (default, NAME=SOCKET or NAME=KEY)
-t --tag list         Name and optionally a tag in the 'name:tag' format
--target text         Set the target build stage to build
--ulimit list         Ulimit options for the RUN instructions
"""
_OWN = "application/vnd.wherry.build"
_REMOTE = ("http://", "https://", "git@", "git://", "ssh://", "github.com/")


def build(given: Given) -> int:
    from contextlib import ExitStack

    with ExitStack() as stack:
        return _build(given, stack)


def _build(given: Given, stack: ExitStack) -> int:
    from engine.cli.build.build_outputs import deliver
    from engine.cli.build.build_wishes import agents_of, checked_progress, extras_of, outputs_of, question_of
    from engine.cli.streams.progress import show_messages

    checked_progress(given)
    extras, outputs, question = extras_of(given, agents_of(given, stack)), outputs_of(given), question_of(given)
    place = given.arguments[0]
    remote = place if place.startswith(_REMOTE) else ""
    stream, dockerfile = (None, given.text("file")) if remote else _context(place, given.text("file"))
    asked = _parameters(given, remote, dockerfile)
    client = engine()
    if question:
        return _examine(client, {**asked, "question": question}, extras, stream)
    # What another engine has no words for is asked of a Wherry only; the rest in Docker's way.
    raw = given.text("progress") == "rawjson"
    own = any(extras.values()) or raw
    path, kind = ("/wherry/build", _OWN) if own else ("/build", "application/x-tar")
    body = _with_line(extras, stream) if own else stream
    answer = client.ask("POST", path, asked, stream=body, content_type=kind)
    built: list[str] = []
    quiet = bool(asked["q"])

    def heard() -> Iterator[Any]:
        for each in answer.messages():
            if quiet and "stream" in each:  # the image, and nothing else is said
                built.append(str(each["stream"]).strip())
            if not raw or "stream" not in each:
                yield each

    def keep(aux: Any) -> None:
        if isinstance(aux, dict) and "ID" in aux:
            built.append(str(aux["ID"]))
        elif isinstance(aux, dict) and "progress" in aux:
            say(_line_of(aux["progress"]), file=sys.stderr, flush=True)

    to_stdout = any(each.place == "-" for each in outputs)
    show_messages(heard(), on_aux=keep, stream=sys.stderr if to_stdout else None)
    if outputs:
        # Of several platforms the first has the names.
        deliver(client, built[0], given.list("tag"), outputs)
    if given.text("iidfile") and built:
        with open(given.text("iidfile"), "w", encoding="ascii") as file:
            file.write(built[0])
    return 0


def _line_of(progress: Any) -> str:
    import json

    return json.dumps(progress, separators=(",", ":"))


def _parameters(given: Given, remote: str, dockerfile: str) -> dict[str, Any]:
    import json

    from engine.cli.build.build_wishes import limits_of
    from engine.recipe.kinds.amounts import read_size

    return {
        "remote": remote,
        "t": given.list("tag"),
        "dockerfile": dockerfile,
        "buildargs": json.dumps(_arguments(given.list("build-arg"))),
        "labels": json.dumps(dict(text.partition("=")[::2] for text in given.list("label"))),
        "target": given.text("target"),
        "nocache": given.flag("no-cache"),
        "pull": given.flag("pull"),
        "q": given.flag("quiet") or given.text("progress") == "quiet",
        "progress": "rawjson" if given.text("progress") == "rawjson" else "",
        "platform": given.text("platform") if "," not in given.text("platform") else "",
        "networkmode": given.text("network"),
        "allow": given.list("allow"),
        "extrahosts": given.list("add-host"),
        "shmsize": read_size(given.text("shm-size"), "shm-size") if given.text("shm-size") else 0,
        "ulimits": json.dumps(limits_of(given)),
        "squash": given.flag("squash"),
        "rm": "1",
    }


def _with_line(extras: dict[str, Any], stream: Iterator[bytes] | None) -> Iterator[bytes]:
    import json

    yield json.dumps(extras).encode() + b"\n"
    yield from stream or ()


def _examine(client: Client, asked: dict[str, Any], extras: dict[str, Any], stream: Iterator[bytes] | None) -> int:
    """What the Dockerfile says of itself; nothing is built."""
    import json

    body = _with_line(extras, stream)
    answer = client.ask(
        "POST", "/wherry/build/examine", asked, stream=body, content_type="application/vnd.wherry.build"
    )
    told = json.loads(b"".join(answer.pieces()))
    say(told["text"].rstrip("\n") or "Check complete, no warnings found.")
    return 1 if told["failed"] else 0


def _arguments(texts: list[str]) -> dict[str, str | None]:
    """A name alone takes its value from here, and is null where it has none."""
    values: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        values[name] = value if equals else os.environ.get(name)
    return values


def _context(place: str, file: str) -> tuple[Iterator[bytes], str]:
    """The tar stream, and the Dockerfile's name within it."""
    from engine.cli.build.build_context import directory_context, dockerfile_only
    from engine.cli.streams.files import read_in

    if place == "-":
        head = next(source := read_in("-"), b"")
        if _is_archive(head):
            return _joined(head, source), file or "Dockerfile"
        # What is no archive is the Dockerfile itself, without anything beside it.
        return dockerfile_only(head + b"".join(source)), "Dockerfile"
    if not os.path.isdir(place):
        raise Failed(0, f'unable to prepare context: path "{place}" not found or not a directory')
    return directory_context(place, file)


def _is_archive(head: bytes) -> bool:
    return head[257:262] == b"ustar" or head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ"))


def _joined(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def prune(given: Given) -> int:
    from engine.cli.printed.asking import confirmed
    from engine.cli.printed.words import size

    everything = given.flag("all")
    what = "all build cache" if everything else "all dangling build cache"
    if not given.flag("force") and not confirmed(f"WARNING! This will remove {what}."):
        return 0
    answer = engine().post("/build/prune", {"all": everything, "filters": filters(given)})
    for each in answer["CachesDeleted"] or ():
        say(each)
    say(f"Total:\t{size(answer['SpaceReclaimed'], digits=4)}", file=sys.stdout)
    return 0


COMMANDS = {
    "build": Command(build, "[OPTIONS] PATH | URL | -", "Build an image from a Dockerfile", _BUILD, least=1, most=1),
    "builder prune": Command(
        prune,
        "[OPTIONS]",
        "Remove build cache",
        "-a --all flag Remove all unused build cache, not just dangling ones\n--filter list Provide filter values\n"
        "-f --force flag Do not prompt for confirmation",
        most=0,
    ),
}
