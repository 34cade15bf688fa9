"""Builds: what is asked for, and the graph as it runs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine.types.containers import Ulimit
from engine.types.data import Data
from engine.types.images import Login
from engine.types.operations import Failure

Allowance = Literal["network.host", "security.insecure"]
"""What a Dockerfile may only ask for when the caller allows it."""


class BuildSecret(Data, frozen=True, kw_only=True):
    id: str
    value: bytes


class BuildCache(Data, frozen=True, kw_only=True):
    """A place outside of this store where steps of builds are kept."""

    reference: str = ""
    """At a registry; "" where a client keeps it."""
    directory: str = ""
    """Of this machine, instead."""
    everything: bool = False
    """Also the steps that left nothing in the image."""
    login: Login | None = None


class BuildImage(Data, frozen=True, kw_only=True):
    """Build a Dockerfile. The context is a directory on this host, or an open tar stream given beside the request."""

    context: str = ""
    filtered: bool = False
    """The context holds only what is meant for the build: no ignore file in it is obeyed."""
    dockerfile: str = "Dockerfile"
    """Path within the context; or an absolute path outside it."""
    dockerfile_text: str | None = None
    tags: tuple[str, ...] = ()
    named_later: tuple[str, ...] = ()
    """Names that who asks for the build gives its image afterwards, to be shown from the beginning."""
    target: str = ""
    build_args: dict[str, str | None] = {}
    labels: dict[str, str] = {}
    secrets: tuple[BuildSecret, ...] = ()
    ssh_sockets: dict[str, str] = {}
    named_contexts: dict[str, str] = {}
    no_cache: bool = False
    no_cache_stages: tuple[str, ...] = ()
    """Only these stages do their steps anew."""
    pull: bool = False
    platform: str = ""
    network: Literal["", "none", "host", "pasta"] = ""
    allow: tuple[Allowance, ...] = ()
    source_date_epoch: int | None = None
    extra_hosts: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    """Opened ones, to look for steps in."""
    inline_cache: bool = False
    """The image says of its own layers which step made them."""
    shm_size: int = 0
    """Of /dev/shm in RUN; 0 = as a container's."""
    ulimits: tuple[Ulimit, ...] = ()
    squash: bool = False
    logins: tuple[Login, ...] = ()
    """For the registries bases are pulled from, in this build only; otherwise stored logins are tried."""


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class BuildStep(Data, frozen=True, kw_only=True):
    """One vertex of the graph."""

    id: str
    stage: str
    number: int
    total: int
    instruction: str
    line: int
    """Line of the Dockerfile, 1 = first."""
    state: StepState = StepState.WAITING
    depends_on: tuple[str, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int = 0


class BuildOutput(Data, frozen=True, kw_only=True):
    """One line, without its newline."""

    step: str
    stream: Literal["stdout", "stderr"]
    text: str


class BuildBase(Data, frozen=True, kw_only=True):
    """An image that a build began with or copied from."""

    name: str
    digest: str
    """Of its manifest at the registry; "" where it came from none."""
    image_id: str
    platform: str


class Build(Data, frozen=True, kw_only=True):
    """A build that runs, or ran."""

    id: str
    """The id of its operation."""
    context: str
    dockerfile: str
    tags: tuple[str, ...]
    started: datetime
    steps: tuple[BuildStep, ...] = ()
    ended: datetime | None = None
    image_id: str = ""
    failure: Failure | None = None
    failed_step: str = ""
    dockerfile_text: str = ""
    """As it was read, so that an error can be shown at its line later too."""
    request: BuildImage | None = None
    """What was asked, without secrets, for "build again"; None where the context came as a stream."""
    error_line: int = 0
    """The line of the Dockerfile that is at fault, where one is."""
    bases: tuple[BuildBase, ...] = ()
    kept_container: str = ""
    """A stopped container with the failed step's file system, ready for a shell."""

    @property
    def is_sent(self) -> bool:
        """Its context is what a client sent, in a directory whose name says nothing."""
        return self.request is not None and self.request.filtered

    @property
    def subject(self) -> str:
        """What it is known by: its names, else where it came from."""
        return ", ".join(self.tags) or ("" if self.is_sent else self.context) or self.dockerfile


class RecipeWarning(Data, frozen=True, kw_only=True):
    """What works in a Dockerfile and had better be written otherwise."""

    rule: str
    """BuildKit's name of it."""
    description: str
    """What the rule says."""
    detail: str
    """What it finds here."""
    line: int
    end_line: int


class RecipeArgument(Data, frozen=True, kw_only=True):
    name: str
    description: str = ""
    """From the comment above it."""
    value: str = ""
    line: int


class RecipeNeed(Data, frozen=True, kw_only=True):
    """A secret or an agent that a step asks for."""

    name: str
    required: bool = False


class RecipeTarget(Data, frozen=True, kw_only=True):
    """A stage that can be asked for."""

    name: str = ""
    default: bool = False
    description: str = ""
    base: str
    platform: str = ""
    line: int


class RecipeReport(Data, frozen=True, kw_only=True):
    """What a Dockerfile says of itself, nothing built."""

    filename: str
    text: str
    warnings: tuple[RecipeWarning, ...] = ()
    targets: tuple[RecipeTarget, ...] = ()
    target: RecipeTarget | None = None
    """The one that would be built; what follows is of it and the stages it needs."""
    arguments: tuple[RecipeArgument, ...] = ()
    secrets: tuple[RecipeNeed, ...] = ()
    agents: tuple[RecipeNeed, ...] = ()
    caches: tuple[str, ...] = ()
    context_paths: tuple[str, ...] | None = None
    """All that the stages it needs take from the context, as paths and patterns; None where that is not known."""
    problem: str = ""
    """Why it cannot be built, where that can be read from it; then only warnings may be there besides."""
    problem_line: int = 0


class BuildCacheEntry(Data, frozen=True, kw_only=True):
    id: str
    kind: Literal["step", "mount"]
    description: str
    size: int
    created: datetime
    last_used: datetime
    in_use: bool = False
