"""The instructions of a Dockerfile, typed. Variables are still in them: they are put in when a stage is planned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.builder.language.source import Heredoc, RawInstruction
    from engine.types.containers import HealthCheck


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What all have: where they stand."""

    raw: RawInstruction

    @property
    def line(self) -> int:
        return self.raw.line

    @property
    def text(self) -> str:
        """As one line, for people."""
        return f"{self.raw.keyword} {self.raw.arguments}".strip()


@dataclass(frozen=True, kw_only=True)
class From(Instruction):
    image: str
    name: str = ""
    platform: str = ""


@dataclass(frozen=True, kw_only=True)
class Argument:
    name: str
    value: str | None


@dataclass(frozen=True, kw_only=True)
class Arg(Instruction):
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, kw_only=True)
class Pairs(Instruction):
    """ENV and LABEL."""

    pairs: tuple[tuple[str, str], ...]
    spaced: bool = False
    """Written `name value`, as of old."""


@dataclass(frozen=True, kw_only=True)
class Env(Pairs):
    pass


@dataclass(frozen=True, kw_only=True)
class Label(Pairs):
    pass


@dataclass(frozen=True, kw_only=True)
class Command(Instruction):
    """CMD, ENTRYPOINT and SHELL: an exec list, or one string for the shell."""

    words: tuple[str, ...]
    shell: bool


@dataclass(frozen=True, kw_only=True)
class Cmd(Command):
    pass


@dataclass(frozen=True, kw_only=True)
class Entrypoint(Command):
    pass


@dataclass(frozen=True, kw_only=True)
class Shell(Instruction):
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunMount:
    """One `--mount` of a RUN."""

    kind: Literal["bind", "cache", "tmpfs", "secret", "ssh"] = "bind"
    target: str = ""
    source: str = ""
    origin: str = ""
    """`from=`: a stage, an image or a named context; "" is the build context."""
    cache_id: str = ""
    read_only: bool | None = None
    sharing: Literal["shared", "private", "locked"] = "shared"
    required: bool = False
    env: str = ""
    mode: int | None = None
    uid: int = 0
    gid: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Run(Command):
    mounts: tuple[str, ...] = ()
    """Each `--mount` as written; read by `mounts.read_mount` once variables are in."""
    network: Literal["default", "none", "host"] = "default"
    security: Literal["sandbox", "insecure"] = "sandbox"
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Transfer(Instruction):
    """COPY and ADD."""

    sources: tuple[str, ...]
    destination: str
    documents: tuple[Heredoc, ...] = ()
    """Here-documents that are sources; each becomes a file of its name."""
    owner: str = ""
    mode: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Copy(Transfer):
    origin: str = ""
    """`--from`."""
    parents: bool = False


@dataclass(frozen=True, kw_only=True)
class Add(Transfer):
    checksum: str = ""
    unpack: bool | None = None
    keep_git: bool = False


@dataclass(frozen=True, kw_only=True)
class Expose(Instruction):
    ports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Volume(Instruction):
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class User(Instruction):
    user: str


@dataclass(frozen=True, kw_only=True)
class Workdir(Instruction):
    path: str


@dataclass(frozen=True, kw_only=True)
class StopSignal(Instruction):
    signal: str


@dataclass(frozen=True, kw_only=True)
class Maintainer(Instruction):
    name: str


@dataclass(frozen=True, kw_only=True)
class OnBuild(Instruction):
    expression: str


@dataclass(frozen=True, kw_only=True)
class Healthcheck(Instruction):
    health: HealthCheck


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    origin: From
    instructions: tuple[Instruction, ...]
    index: int

    @property
    def name(self) -> str:
        return self.origin.name or str(self.index)


@dataclass(frozen=True)
class Dockerfile:
    """A whole recipe."""

    global_arguments: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    escape: str = "\\"
    directives: dict[str, str] = field(default_factory=dict)
