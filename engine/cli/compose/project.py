"""Which project a command means: its files found, its containers asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed
from engine.compose.labels import NUMBER, ONEOFF, PROJECT, SERVICE
from engine.compose.project_files import files_in, project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.options import Given
    from engine.cli.reach.wire import Client

GLOBAL = """
--ansi text                Accepted for Docker's sake
--compatibility flag       Accepted for Docker's sake
--dry-run flag             Show what would be done, and do nothing
--env-file list            Specify an alternate environment file
-f --file list             Compose configuration files
--parallel number          Accepted for Docker's sake
--profile list             Specify a profile to enable
--progress text            'auto', 'plain' or 'quiet'
--project-directory text   Where relative paths begin (default: the first file's directory)
-p --project-name text     Project name
"""


DRY_RUN = "DRY-RUN MODE -  "
"""Before what is only told and not done, in docker compose's words."""


class Chosen:
    """A project as the global options and the environment name it."""

    def __init__(self, given: Given, own: Given) -> None:
        self.options = given
        self.dry_run = given.flag("dry-run") or own.flag("dry-run")
        self.client: Client = engine()
        self._files: list[str] | None = None
        self._source: dict[str, Any] | None = None
        self._reading: dict[str, Any] | None = None

    @property
    def quiet(self) -> bool:
        return self.options.text("progress") == "quiet"

    # --- files ---

    @property
    def files(self) -> list[str]:
        if self._files is None:
            self._files = self._found()
        return self._files

    def _found(self) -> list[str]:
        separator = os.environ.get("COMPOSE_PATH_SEPARATOR", ":")
        named = self.options.list("file") or list(filter(None, os.environ.get("COMPOSE_FILE", "").split(separator)))
        if named:
            return [each if each == "-" else os.path.abspath(each) for each in named]
        place = os.path.abspath(self.options.text("project-directory") or os.getcwd())
        while True:
            if found := files_in(place):
                return found
            above = os.path.dirname(place)
            if above == place:
                return []
            place = above

    def source(self) -> dict[str, Any]:
        """The request's part that says what to read. Made once: what is piped in is there once."""
        if self._source is None:
            self._source = self._made_source()
        return self._source

    def _made_source(self) -> dict[str, Any]:
        files = self.files
        if not files:
            raise Failed(0, "no configuration file provided: not found")
        directory = self.options.text("project-directory")
        texts = {}
        if "-" in files:
            import sys

            path = os.path.join(os.getcwd(), "stdin")
            texts[path] = sys.stdin.read()
            files = [path if each == "-" else each for each in files]
        return {
            "files": files,
            "directory": os.path.abspath(directory) if directory else os.path.dirname(files[0]),
            "name": self.options.text("project-name"),
            "profiles": self.options.list("profile"),
            "env_files": [os.path.abspath(each) for each in self.options.list("env-file")],
            "environment": dict(os.environ),
            "home": os.path.expanduser("~"),
            "texts": texts,
        }

    def reading(self) -> dict[str, Any]:
        """What the files say. A fault in them ends the command."""
        if self._reading is None:
            read: dict[str, Any] = self.client.post("/wherry/projects/read", body=self.source())
            tell_problems(read["problems"])
            self._reading = read
        return self._reading

    # --- what is there ---

    @property
    def name(self) -> str:
        """Without reading the files where they need not be read."""
        said = self.options.text("project-name") or os.environ.get("COMPOSE_PROJECT_NAME", "")
        if said:
            return said
        return str(self.reading()["project"]) if self.files else project_name(os.path.basename(os.getcwd()))

    def containers(
        self, services: Sequence[str] = (), *, everything: bool = True, oneoff: bool = False, number: int | None = None
    ) -> list[dict[str, Any]]:
        """In the order of their services and numbers."""
        import json

        filters = json.dumps({"label": [f"{PROJECT}={self.name}"]})
        rows = self.client.get("/containers/json", {"all": everything, "filters": filters})
        if services:
            self._check(services, rows)
        rows = [
            row
            for row in rows
            if (not services or row["Labels"].get(SERVICE) in services)
            and (oneoff or row["Labels"].get(ONEOFF) != "True")
            and (number is None or row["Labels"].get(NUMBER) == str(number))
        ]
        return sorted(rows, key=lambda row: (row["Labels"].get(SERVICE, ""), int(row["Labels"].get(NUMBER) or 0)))

    def _check(self, services: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
        known = {row["Labels"].get(SERVICE) for row in rows}
        if self.files:
            known |= set(self.reading()["services"])
        for each in services:
            if each not in known:
                raise Failed(0, f"no such service: {each}")

    def one(self, service: str, number: int | None = None) -> dict[str, Any]:
        """The container a command is meant for: the named number, or the first that runs."""
        rows = self.containers([service], number=number)
        running = [row for row in rows if row["State"] == "running"]
        if not running:
            which = f" #{number}" if number else ""
            raise Failed(0, f'service "{service}"{which} is not running')
        return running[0]


def tell_problems(problems: Sequence[dict[str, Any]]) -> None:
    """Warnings are said; anything else ends the command with all of them."""
    import sys

    wrong = [each for each in problems if not each["warning"]]
    for each in problems:
        if each["warning"] and not wrong:
            say(f"WARNING: {told(each)}", file=sys.stderr)
    if wrong:
        raise Failed(0, "\n".join(map(told, wrong)))


def told(problem: dict[str, Any]) -> str:
    """The place, the sentence, the line and a caret below the word."""
    place = f"{problem['file']}:{problem['line']}:{problem['column']}: " if problem["file"] else ""
    path = f"{problem['path']}: " if problem["path"] else ""
    hint = f" ({problem['hint']})" if problem["hint"] else ""
    text = f"{place}{path}{problem['message']}{hint}"
    try:
        with open(problem["file"], encoding="utf-8", errors="replace") as file:
            line = file.read().split("\n")[problem["line"] - 1]
    except (OSError, IndexError):
        return text
    return f"{text}\n  {line}\n  {' ' * (problem['column'] - 1)}^"


def name_of(row: dict[str, Any]) -> str:
    return str(row["Names"][0]).lstrip("/")


def short_name(chosen: Chosen, row: dict[str, Any]) -> str:
    """web-1: without the project before it."""
    service, number = row["Labels"].get(SERVICE, ""), row["Labels"].get(NUMBER, "")
    return name_of(row) if not name_of(row).startswith(f"{chosen.name}-") else f"{service}-{number}"


def has_tty(chosen: Chosen, container: str) -> bool:
    return bool(chosen.client.get(f"/containers/{container}/json")["Config"]["Tty"])
