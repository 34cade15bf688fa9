"""Verbs that reach a registry: pull, push, login, logout, search."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from engine.cli.options import Command, Given, UsageError, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from engine.cli.reach.wire import Client

_HUB = "https://index.docker.io/v1/"


def pull(given: Given) -> int:
    image, all_tags = given.arguments[0], given.flag("all-tags")
    pull_image(engine(), image, platform=given.text("platform"), quiet=given.flag("quiet"), all_tags=all_tags)
    say(_canonical(image, all_tags=all_tags))
    return 0


def pull_image(
    client: Client,
    image: str,
    *,
    platform: str = "",
    quiet: bool = False,
    all_tags: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Pull, showing how it goes; a tag that is not given is `latest`."""
    from engine.cli.printed.words import repository_and_tag
    from engine.cli.streams.progress import show_messages

    repository, tag = repository_and_tag(image)
    if "@" in image:
        repository, _, tag = image.partition("@")
    if all_tags and tag:
        raise UsageError("tag can't be used with --all-tags/-a")
    if not tag and not all_tags:
        if not quiet:
            say("Using default tag: latest", file=stream or sys.stdout)
        tag = "latest"
    answer = client.ask("POST", "/images/create", {"fromImage": repository, "tag": tag, "platform": platform})
    messages = answer.messages()
    if quiet:
        messages = (message for message in messages if "error" in message or "errorDetail" in message)
    show_messages(messages, stream=stream)


def _canonical(image: str, *, all_tags: bool = False) -> str:
    """The whole name, as Docker's pull ends with."""
    from engine.cli.printed.words import with_default_tag

    name = image if all_tags else with_default_tag(image)
    host, slash, _ = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def push(given: Given) -> int:
    from engine.cli.printed.words import repository_and_tag
    from engine.cli.streams.progress import show_messages

    repository, tag = repository_and_tag(given.arguments[0])
    if given.flag("all-tags"):
        if tag:
            raise UsageError("tag can't be used with --all-tags/-a")
    elif not tag:
        tag = "latest"
        if not given.flag("quiet"):
            say("Using default tag: latest")
    answer = engine().ask("POST", f"/images/{quote(repository)}/push", {"tag": tag})
    messages = answer.messages()
    if given.flag("quiet"):
        messages = (message for message in messages if "error" in message or "errorDetail" in message)
    show_messages(messages)
    if given.flag("quiet"):
        say(_canonical(given.arguments[0], all_tags=given.flag("all-tags")))
    return 0


_LOGIN = """
-p --password text     Password or Personal Access Token (PAT)
--password-stdin flag  Take the password from stdin
-u --username text     Username
"""


def login(given: Given) -> int:
    server = given.arguments[0] if given.arguments else _HUB
    user, password = given.text("username"), given.text("password")
    if given.flag("password-stdin"):
        if not user:
            raise UsageError("must provide --username with --password-stdin")
        if password:
            raise UsageError("--password and --password-stdin are mutually exclusive")
        password = sys.stdin.read().rstrip("\r\n")
    elif password:
        say("WARNING! Using --password via the CLI is insecure. Use --password-stdin.", file=sys.stderr)
    if not user or not password:
        if not os.isatty(0):
            raise Failed(0, "cannot perform an interactive login from a non TTY device")
        import getpass

        user = user or input("Username: ").strip()
        password = password or getpass.getpass("Password: ")
    answer = engine().post("/wherry/logins", body={"username": user, "password": password, "serveraddress": server})
    say(answer["kept"])
    say("Login Succeeded")
    return 0


def logout(given: Given) -> int:
    server = given.arguments[0] if given.arguments else _HUB
    client = engine()
    known = [each["server"] for each in client.get("/wherry/logins")]
    host = server.removeprefix("https://").removeprefix("http://").split("/")[0]
    if server not in known and host not in known and not (server == _HUB and "docker.io" in known):
        say(f"Not logged in to {server}")
        return 0
    say(f"Removing login credentials for {server}")
    client.delete("/wherry/logins", {"server": server})
    return 0


_SEARCH = """
-f --filter list  Filter output based on conditions provided
--format text     'table', 'table TEMPLATE', 'json' or a Go template
--limit number    Max number of search results
--no-trunc flag   Don't truncate output
"""


def search(given: Given) -> int:
    from engine.cli.printed.tables import show
    from engine.cli.printed.words import shortened

    asked = {"term": given.arguments[0], "limit": given.number("limit"), "filters": filters(given)}
    rows = [
        {
            "Name": row["name"],
            "Description": row["description"] if given.flag("no-trunc") else shortened(row["description"], 45),
            "StarCount": str(row["star_count"]),
            "IsOfficial": "[OK]" if row["is_official"] else "",
        }
        for row in engine().get("/images/search", asked)
    ]
    columns = [("NAME", "Name"), ("DESCRIPTION", "Description"), ("STARS", "StarCount"), ("OFFICIAL", "IsOfficial")]
    show(rows, given.text("format"), columns=columns)
    return 0


COMMANDS = {
    "pull": Command(
        pull,
        "[OPTIONS] NAME[:TAG|@DIGEST]",
        "Get an image from a registry",
        "-a --all-tags flag Get all tagged images in the repository\n--platform text Choose one platform of several\n"
        "-q --quiet flag Suppress verbose output",
        least=1,
        most=1,
    ),
    "push": Command(
        push,
        "[OPTIONS] NAME[:TAG]",
        "Send an image to a registry",
        "-a --all-tags flag Push all tags of an image to the repository\n-q --quiet flag Suppress verbose output",
        least=1,
        most=1,
    ),
    "login": Command(login, "[OPTIONS] [SERVER]", "Log in to a registry", _LOGIN, most=1),
    "logout": Command(logout, "[SERVER]", "Forget the login of a registry", most=1),
    "search": Command(search, "[OPTIONS] TERM", "Search a registry for images", _SEARCH, least=1, most=1),
}
