"""Verbs about images that stay on this machine: images, history, tag, rmi, prune, save, load, import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.inspecting import inspect_kinds
from engine.cli.options import Command, Given, UsageError, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IMAGES = """
-a --all flag     Show all images
--digests flag    Show digests
-f --filter list  Filter output based on conditions provided
--format text     'table', 'table TEMPLATE', 'json' or a Go template
--no-trunc flag   Don't truncate output
-q --quiet flag   Only show image IDs
"""
_COLUMNS = [
    ("REPOSITORY", "Repository"),
    ("TAG", "Tag"),
    ("IMAGE ID", "ID"),
    ("CREATED", "CreatedSince"),
    ("SIZE", "Size"),
]
_HEADINGS = {"Digest": "DIGEST", "CreatedAt": "CREATED AT"}


def images(given: Given) -> int:
    from engine.cli.printed.tables import show

    if given.arguments:
        given.add("filter", f"reference={given.arguments[0]}")
    rows = engine().get("/images/json", {"all": given.flag("all"), "filters": filters(given)})
    digests = given.flag("digests")
    whole = given.flag("no-trunc")
    columns = [*_COLUMNS[:2], ("DIGEST", "Digest"), *_COLUMNS[2:]] if digests else _COLUMNS
    shown = [row for image in rows for row in image_rows(image, whole=whole)]
    if given.flag("quiet"):
        # An image of several names is one image.
        for each in dict.fromkeys(row["ID"] for row in shown):
            say(each)
        return 0
    show(shown, given.text("format"), columns=columns, headings=_HEADINGS)
    return 0


def image_rows(image: Mapping[str, Any], *, whole: bool = False) -> Iterator[dict[str, Any]]:
    """One row per name; an image without any has one too."""
    from engine.cli.printed import words

    digests = dict(each.rpartition("@")[::2] for each in image.get("RepoDigests") or ())
    names = [words.repository_and_tag(tag) for tag in image.get("RepoTags") or ()]
    if not names:
        names = [(repository, "<none>") for repository in digests] or [("<none>", "<none>")]
    for repository, tag in names:
        yield {
            "Repository": repository,
            "Tag": tag or "<none>",
            "Digest": digests.get(repository) or "<none>",
            "ID": image["Id"] if whole else words.short_id(image["Id"]),
            "CreatedSince": words.ago(image["Created"]) if image["Created"] > 0 else "N/A",
            "CreatedAt": words.local_time(image["Created"]),
            "Size": words.size(image["Size"]),
            "VirtualSize": words.size(image["Size"]),
            "SharedSize": words.size(image["SharedSize"]) if image.get("SharedSize", -1) >= 0 else "N/A",
            "UniqueSize": words.size(image["Size"] - max(0, image.get("SharedSize", 0))),
            "Containers": str(image["Containers"]) if image.get("Containers", -1) >= 0 else "N/A",
        }


_HISTORY = """
--format text    'table', 'table TEMPLATE', 'json' or a Go template
-H --human flag  Print sizes and dates in human readable format (default true)
--no-trunc flag  Don't truncate output
-q --quiet flag  Only show image IDs
"""


def history(given: Given) -> int:
    from engine.cli.printed import words
    from engine.cli.printed.tables import show

    human, whole = given.flag("human", default=True), given.flag("no-trunc")
    rows = []
    for step in engine().get(f"/images/{quote(given.arguments[0])}/history"):
        created = step["CreatedBy"].replace("\t", " ")
        rows.append(
            {
                "ID": step["Id"] if whole or step["Id"] == "<missing>" else words.short_id(step["Id"]),
                "CreatedSince": words.ago(step["Created"]) if human else words.local_time(step["Created"]),
                "CreatedAt": words.local_time(step["Created"]),
                "CreatedBy": created if whole else words.shortened(created, 45),
                "Size": words.size(step["Size"]) if human else str(step["Size"]),
                "Comment": step["Comment"],
            }
        )
    show(
        rows,
        given.text("format"),
        columns=[
            ("IMAGE", "ID"),
            ("CREATED", "CreatedSince"),
            ("CREATED BY", "CreatedBy"),
            ("SIZE", "Size"),
            ("COMMENT", "Comment"),
        ],
        quiet=(lambda row: str(row["ID"])) if given.flag("quiet") else None,
    )
    return 0


def tag(given: Given) -> int:
    from engine.cli.printed.words import repository_and_tag

    source, target = given.arguments
    repository, tag_name = repository_and_tag(target)
    engine().post(f"/images/{quote(source)}/tag", {"repo": repository, "tag": tag_name})
    return 0


def rmi(given: Given) -> int:
    client, failed = engine(), False
    asked = {"force": given.flag("force"), "noprune": given.flag("no-prune")}
    for name in given.arguments:
        try:
            for line in client.delete(f"/images/{quote(name)}", asked) or ():
                for word, what in line.items():
                    say(f"{word}: {what}")
        except Failed as error:
            say(f"Error: {error.message}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


def image_inspect(given: Given) -> int:
    return inspect_kinds(given, ("image",))


def prune(given: Given) -> int:
    import json

    from engine.cli.printed.asking import confirmed
    from engine.cli.printed.words import size

    everything = given.flag("all")
    what = "all images without at least one container associated to them" if everything else "all dangling images"
    if not given.flag("force") and not confirmed(f"WARNING! This will remove {what}."):
        return 0
    chosen = json.loads(filters(given) or "{}")
    chosen["dangling"] = {"false" if everything else "true": True}
    answer = engine().post("/images/prune", {"filters": json.dumps(chosen)})
    if answer["ImagesDeleted"]:
        say("Deleted Images:")
        for line in answer["ImagesDeleted"]:
            for word, name in line.items():
                say(f"{word.lower()}: {name}")
        say()
    say(f"Total reclaimed space: {size(answer['SpaceReclaimed'], digits=4)}")
    return 0


def save(given: Given) -> int:
    from engine.cli.streams.files import write_out

    answer = engine().ask("GET", "/images/get", {"names": given.arguments, "platform": given.text("platform")})
    return write_out(answer.pieces(), given.text("output"))


def load(given: Given) -> int:
    from engine.cli.streams.files import read_in
    from engine.cli.streams.progress import show_messages

    source = given.text("input")
    if not source and os.isatty(0):
        raise Failed(0, "requested load from stdin, but stdin is empty")
    answer = engine().ask(
        "POST",
        "/images/load",
        {"quiet": given.flag("quiet")},
        stream=read_in(source),
        content_type="application/x-tar",
    )
    show_messages(answer.messages())
    return 0


_IMPORT = """
-c --change list   Apply Dockerfile instruction to the created image
-m --message text  Set commit message for imported image
--platform text    Set platform of the image
"""


def import_(given: Given) -> int:
    from engine.cli.streams.files import read_in
    from engine.cli.streams.progress import show_messages

    source, *reference = given.arguments
    if source.startswith(("http://", "https://")):
        raise UsageError("importing from a URL is not supported: download it and give the file")
    asked = {
        "fromSrc": "-",
        "repo": reference[0] if reference else "",
        "message": given.text("message"),
        "changes": given.list("change"),
        "platform": given.text("platform"),
    }
    answer = engine().ask("POST", "/images/create", asked, stream=read_in(source), content_type="application/x-tar")
    show_messages(answer.messages())
    return 0


COMMANDS = {
    "images": Command(images, "[OPTIONS] [REPOSITORY[:TAG]]", "List images", _IMAGES, most=1),
    "history": Command(history, "[OPTIONS] IMAGE", "Show the steps an image was made in", _HISTORY, least=1, most=1),
    "tag": Command(tag, "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", "Give an image another name", least=2, most=2),
    "rmi": Command(
        rmi,
        "[OPTIONS] IMAGE [IMAGE...]",
        "Remove images",
        "-f --force flag Force removal of the image\n--no-prune flag Do not delete untagged parents",
        least=1,
    ),
    "image inspect": Command(
        image_inspect,
        "[OPTIONS] IMAGE [IMAGE...]",
        "Show everything about images",
        "-f --format text Format output using a custom template, or 'json'",
        least=1,
    ),
    "image prune": Command(
        prune,
        "[OPTIONS]",
        "Remove unused images",
        "-a --all flag Remove all unused images, not just dangling ones\n--filter list Provide filter values\n"
        "-f --force flag Do not prompt for confirmation",
        most=0,
    ),
    "save": Command(
        save,
        "[OPTIONS] IMAGE [IMAGE...]",
        "Write images to a tar",
        "-o --output text Write to a file, instead of STDOUT\n--platform text Save only the given platform",
        least=1,
    ),
    "load": Command(
        load,
        "[OPTIONS]",
        "Load images from a tar",
        "-i --input text Read from tar archive file, instead of STDIN\n-q --quiet flag Suppress the load output",
        most=0,
    ),
    "import": Command(
        import_, "[OPTIONS] file|- [REPOSITORY[:TAG]]", "Make an image from a tar of files", _IMPORT, least=1, most=2
    ),
}
