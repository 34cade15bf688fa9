"""Projects: what is asked for, the plan to accept, and what is known of each."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from engine.types.data import Data
from engine.types.operations import Failure


class ReadProject(Data, frozen=True, kw_only=True):
    """Which files make a project, and with what they are read: docker compose's global options and its environment."""

    files: tuple[str, ...]
    """Whole paths; each is read over the ones before it."""
    directory: str = ""
    """Where relative paths begin; the first file's directory where none is given."""
    name: str = ""
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    home: str = ""
    texts: dict[str, str] = {}
    """Texts to read instead of what lies on the disk, by path: an editor's, or those of an earlier time."""


class UpOptions(Data, frozen=True, kw_only=True):
    """What of a project is to become as its files say, and how: all that a plan depends on beside the files."""

    services: tuple[str, ...] = ()
    """Only these and what they depend on; all where none is named."""
    dependencies: bool = True
    scale: dict[str, int] = {}
    recreate: Literal["changed", "always", "never"] = "changed"
    recreate_dependencies: bool = False
    keep_files: bool = True
    """A changed container keeps its writable layer where it can. docker compose always makes a new one."""
    build: bool = False
    no_build: bool = False
    """Build nothing: an image that is not here is pulled."""
    pull: Literal["policy", "always", "missing", "never"] = "policy"
    remove_orphans: bool = False
    start: bool = True


class UpProject(UpOptions, frozen=True, kw_only=True):
    """Bring a project to what its files say."""

    source: ReadProject
    renew_anonymous: bool = False
    """A replaced container gets new anonymous volumes instead of those of before."""
    wait: bool = False
    """The end is told only when everything runs and is healthy."""
    wait_timeout: float | None = None
    """Seconds for all of it."""
    timeout: float | None = None
    """Grace of the containers that are replaced."""


class BuildProject(Data, frozen=True, kw_only=True):
    """Build services, without anything else of them."""

    source: ReadProject
    services: tuple[str, ...] = ()
    dependencies: bool = False
    no_cache: bool = False
    pull: bool = False
    build_args: dict[str, str] = {}
    ssh: tuple[str, ...] = ()


class ProjectCompletion(Data, frozen=True, kw_only=True):
    """Words that could stand in the place of what was typed from a column on."""

    start: int
    words: tuple[str, ...] = ()


class PullProject(Data, frozen=True, kw_only=True):
    """Get the images of services, of those that are not built here."""

    source: ReadProject
    services: tuple[str, ...] = ()
    dependencies: bool = False
    missing: bool = False
    """Only those that are not here."""


class WatchProject(Data, frozen=True, kw_only=True):
    """Follow the files of services as their `develop` sections say, until it is cancelled."""

    source: ReadProject
    services: tuple[str, ...] = ()
    up: bool = True
    """Bring them up first, built anew."""


class RunService(Data, frozen=True, kw_only=True):
    """One container of a service for one command, beside the service's own."""

    source: ReadProject
    service: str
    command: tuple[str, ...] | None = None
    entrypoint: str | None = None
    environment: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    name: str = ""
    user: str = ""
    workdir: str = ""
    publish: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    service_ports: bool = False
    auto_remove: bool = False
    dependencies: bool = True
    """Bring up first what the service depends on."""
    build: bool = False
    pull: Literal["policy", "always", "missing", "never"] = "policy"
    remove_orphans: bool = False
    use_aliases: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    tty: bool = False
    stdin: bool = False


class DownProject(Data, frozen=True, kw_only=True):
    """Take a project away: by its files, or by its name alone."""

    name: str = ""
    source: ReadProject | None = None
    services: tuple[str, ...] = ()
    volumes: bool = False
    keep_named: bool = False
    """With `volumes`: only those that were made for a container and have no name."""
    images: Literal["", "local", "all"] = ""
    orphans: bool = False
    timeout: float | None = None
    only_stop: bool = False
    """Everything is stopped and stays, so that taking it down can still be taken back."""


class FieldChange(Data, frozen=True, kw_only=True):
    """A field of a service that is another than before, both values as text."""

    field: str
    before: str
    after: str


class PlannedStep(Data, frozen=True, kw_only=True):
    """One thing that will be done."""

    id: str
    action: str
    subject: str
    service: str = ""
    changes: tuple[FieldChange, ...] = ()
    reason: str = ""
    needs: tuple[str, ...] = ()


class ProjectProblem(Data, frozen=True, kw_only=True):
    """Something wrong in a file, with its place."""

    message: str
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    warning: bool = False


class ProjectVariable(Data, frozen=True, kw_only=True):
    """What the files ask for by name, and what it is as they are read now."""

    name: str
    value: str = ""
    origin: Literal["environment", "file", "default", "unset"] = "unset"
    file: str = ""
    """The .env file it stands in."""
    default: str | None = None


class ProjectPlan(Data, frozen=True, kw_only=True):
    """What `up` would do, or what is wrong with the files."""

    project: str
    steps: tuple[PlannedStep, ...] = ()
    problems: tuple[ProjectProblem, ...] = ()
    services: tuple[str, ...] = ()
    values: tuple[ProjectVariable, ...] = ()
    env_files: tuple[str, ...] = ()


class ProjectReading(Data, frozen=True, kw_only=True):
    """Files as they were understood: the whole project, or what is wrong with it."""

    project: str = ""
    directory: str = ""
    problems: tuple[ProjectProblem, ...] = ()
    services: tuple[str, ...] = ()
    """In the order in which they start."""
    images: dict[str, str] = {}
    """Service to the image it runs."""
    builds: tuple[str, ...] = ()
    hashes: dict[str, str] = {}
    profiles: tuple[str, ...] = ()
    variables: dict[str, str | None] = {}
    """What the files ask the environment for, with their defaults."""
    values: tuple[ProjectVariable, ...] = ()
    env_files: tuple[str, ...] = ()
    """The .env files that variables are read from; the usual one too where it does not exist yet."""
    depends_on: dict[str, tuple[str, ...]] = {}
    """Service to those it waits for."""
    json: str = ""
    yaml: str = ""


class ProjectRun(Data, frozen=True, kw_only=True):
    """One `up` of the past: what it changed and how it ended, with the files as they were."""

    id: str
    """Of its operation."""
    project: str
    started: datetime
    request: UpProject
    """With the texts of every file, so that it can be brought back whatever became of them."""
    services: dict[str, str] = {}
    """The services as they were made, as JSON."""
    changes: tuple[str, ...] = ()
    """The steps that did something, in words of `PlannedStep`: "recreate web-1"."""
    ended: datetime | None = None
    failure: Failure | None = None


class ProjectService(Data, frozen=True, kw_only=True):
    """A service of a project: what is there of it."""

    name: str
    containers: tuple[str, ...] = ()
    running: int = 0
    unhealthy: int = 0
    depends_on: tuple[str, ...] = ()


class Project(Data, frozen=True, kw_only=True):
    """A project of this engine, found by the labels of its containers or by what was brought up here."""

    name: str
    directory: str = ""
    files: tuple[str, ...] = ()
    services: tuple[ProjectService, ...] = ()
    containers: int = 0
    running: int = 0
    ours: bool = False
    """Brought up here at least once, so that its past can be brought back."""
