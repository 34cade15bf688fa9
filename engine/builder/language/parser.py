"""From raw instructions to typed ones, and from those to stages. One small function per instruction, in one table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from engine.builder.language import types as t
from engine.builder.language.errors import DockerfileError, did_you_mean
from engine.builder.language.flags import Flags
from engine.builder.language.mounts import read_mount
from engine.builder.language.source import RawInstruction, read_source
from engine.types.containers import HealthCheck

if TYPE_CHECKING:
    from collections.abc import Callable

_STAGE_NAME = re.compile(r"^[a-z][a-z0-9._-]*$")
_WORD = re.compile(r"""(?:[^\s"'\\]++|\\.|"(?:[^"\\]++|\\.)*+"?|'[^']*+'?|\\$)++""")


def parse_dockerfile(text: str) -> t.Dockerfile:
    """Read a whole Dockerfile; raises `DockerfileError` with the place."""
    source = read_source(text)
    global_arguments: list[t.Arg] = []
    stages: list[t.Stage] = []
    origin: t.From | None = None
    body: list[t.Instruction] = []
    for raw in source.instructions:
        instruction = parse_instruction(raw, escape=source.escape)
        if isinstance(instruction, t.From):
            if origin is not None:
                stages.append(t.Stage(origin, tuple(body), len(stages)))
            origin, body = instruction, []
        elif origin is not None:
            body.append(instruction)
        elif isinstance(instruction, t.Arg):
            global_arguments.append(instruction)
        else:
            hint = "A Dockerfile begins with FROM; only ARG may stand before it."
            raise raw.error(f"{raw.keyword} stands before the first FROM", hint=hint)
    if origin is None:
        raise source.instructions[-1].error(
            "There is no FROM in this Dockerfile", hint="Begin it with FROM and an image."
        )
    stages.append(t.Stage(origin, tuple(body), len(stages)))
    return t.Dockerfile(tuple(global_arguments), tuple(stages), source.escape, source.directives)


def parse_instruction(raw: RawInstruction, *, escape: str = "\\") -> t.Instruction:
    parse = _PARSERS.get(raw.keyword)
    if parse is None:
        hint = did_you_mean(raw.keyword, _PARSERS)
        raise raw.error(f"Unknown instruction: {raw.keyword}", hint=hint)
    return parse(raw, escape)


def parse_trigger(expression: str, raw: RawInstruction) -> t.Instruction:
    """The instruction of an ONBUILD. `raw` is where it was said, for errors."""
    keyword, _, arguments = expression.strip().partition(" ")
    inner = RawInstruction(keyword.upper(), arguments.strip(), raw.line, raw.end_line, raw.source, raw.heredocs)
    if inner.keyword == "ONBUILD":
        raise raw.error("ONBUILD cannot be chained: ONBUILD ONBUILD is not allowed")
    if inner.keyword in ("FROM", "MAINTAINER"):
        raise raw.error(f"{inner.keyword} is not allowed in ONBUILD")
    return parse_instruction(inner)


# --- shapes that several instructions share ---


def _words(text: str) -> list[str]:
    """Words divided by blanks outside quotes, quotes and escapes kept."""
    return [match.group() for match in _WORD.finditer(text)]


def _json_list(raw: RawInstruction, text: str) -> tuple[str, ...] | None:
    """The exec form, or None where the text is not JSON at all (then it is the shell form)."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(value, list):
        return None
    if not all(isinstance(word, str) for word in value):
        problem = f"{raw.keyword} in its JSON form takes strings only"
        raise raw.error(problem, column=raw.column_of("["), hint='Write every word in double quotes: ["a", "b"].')
    return tuple(value)


def _list(raw: RawInstruction, text: str) -> tuple[str, ...]:
    """A JSON list, or blank-separated words."""
    found = _json_list(raw, text)
    return found if found is not None else tuple(text.split())


def _no_flags(raw: RawInstruction) -> str:
    return Flags(raw, ()).rest


def _one(raw: RawInstruction) -> str:
    text = _no_flags(raw)
    if not text:
        raise raw.error(f"{raw.keyword} needs an argument")
    return text


def _pairs(raw: RawInstruction) -> tuple[tuple[str, str], ...]:
    """`name=value …`, or the old `name value`."""
    text = _one(raw)
    words = _words(text)
    if not words or "=" not in words[0]:
        name, *value = text.split(None, 1)
        if not value:
            raise raw.error(f"{raw.keyword} must have two arguments", hint=f"Write {raw.keyword} {name}=value.")
        return ((name, value[0]),)
    pairs: list[tuple[str, str]] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            problem = f"There is no = in {word!r}"
            raise raw.error(problem, column=raw.column_of(word), hint="Write name=value; quote values with blanks.")
        if not name:
            raise raw.error(f"{raw.keyword} names cannot be blank", column=raw.column_of(word))
        pairs.append((name, text))
    return tuple(pairs)


def _spaced(raw: RawInstruction) -> bool:
    return "=" not in next(iter(_words(_one(raw))), "=")


def _command(raw: RawInstruction, text: str) -> tuple[tuple[str, ...], bool]:
    """Words, and whether they are for the shell."""
    words = _json_list(raw, text)
    if words is not None:
        return words, False
    return ((text,) if text else ()), True


# --- one function per instruction ---


def _from(raw: RawInstruction, _: str) -> t.From:
    flags = Flags(raw, ("platform",))
    words = flags.rest.split()
    name = ""
    if len(words) == 3 and words[1].upper() == "AS":
        name = words[2].lower()
        if not _STAGE_NAME.match(name):
            problem = f"{words[2]!r} cannot name a stage"
            hint = "A stage's name begins with a letter; letters, digits, “-”, “_” and “.” follow."
            raise raw.error(problem, column=raw.column_of(words[2]), hint=hint)
    elif len(words) != 1:
        raise raw.error("FROM takes an image, or an image AS a name", hint="Write FROM image or FROM image AS name.")
    return t.From(raw=raw, image=words[0], name=name, platform=flags.text("platform"))


def _arg(raw: RawInstruction, _: str) -> t.Arg:
    arguments: list[t.Argument] = []
    for word in _words(_one(raw)):
        name, equals, value = word.partition("=")
        if not name:
            raise raw.error("ARG names cannot be blank", column=raw.column_of(word))
        arguments.append(t.Argument(name=name, value=value if equals else None))
    return t.Arg(raw=raw, arguments=tuple(arguments))


def _env(raw: RawInstruction, _: str) -> t.Env:
    return t.Env(raw=raw, pairs=_pairs(raw), spaced=_spaced(raw))


def _label(raw: RawInstruction, _: str) -> t.Label:
    return t.Label(raw=raw, pairs=_pairs(raw), spaced=_spaced(raw))


def _run(raw: RawInstruction, _: str) -> t.Run:
    flags = Flags(raw, ("mount", "network", "security", "device"), repeatable=("mount", "device"))
    network, security = flags.text("network", "default"), flags.text("security", "sandbox")
    if network not in ("default", "none", "host"):
        hint = did_you_mean(network, ("default", "none", "host"))
        raise raw.error(f"Unknown network {network!r} for RUN", column=raw.column_of("--network"), hint=hint)
    if security not in ("sandbox", "insecure"):
        raise raw.error(f"Unknown security mode {security!r} for RUN", column=raw.column_of("--security"))
    if flags.texts("device"):
        raise raw.error("RUN --device is not supported", column=raw.column_of("--device"))
    words, shell = _command(raw, flags.rest)
    if not words:
        raise raw.error("RUN needs a command")
    return t.Run(
        raw=raw,
        words=words,
        shell=shell,
        mounts=_checked_mounts(raw, flags.texts("mount")),
        network=network,  # type: ignore[arg-type]  # checked above
        security=security,  # type: ignore[arg-type]
        heredocs=raw.heredocs,
    )


def _checked_mounts(raw: RawInstruction, mounts: tuple[str, ...]) -> tuple[str, ...]:
    """What can be known to be wrong before variables are put in is said now."""
    for text in mounts:
        if re.search(r"\bfrom=[^,]*\$", text):
            hint = "Give the stage or image a name with FROM … AS name, and use that."
            raise raw.error("from= of a mount takes no variables", column=raw.column_of("from="), hint=hint)
        if "$" not in text:
            read_mount(raw, text)
    return mounts


def _cmd(raw: RawInstruction, _: str) -> t.Cmd:
    words, shell = _command(raw, _no_flags(raw))
    return t.Cmd(raw=raw, words=words, shell=shell)


def _entrypoint(raw: RawInstruction, _: str) -> t.Entrypoint:
    words, shell = _command(raw, _no_flags(raw))
    return t.Entrypoint(raw=raw, words=words, shell=shell)


def _shell(raw: RawInstruction, _: str) -> t.Shell:
    words = _json_list(raw, _no_flags(raw))
    if not words:
        raise raw.error("SHELL takes a JSON list", hint='For example SHELL ["/bin/bash", "-c"].')
    return t.Shell(raw=raw, words=words)


def _sources(raw: RawInstruction, text: str) -> tuple[tuple[str, ...], str]:
    """Sources without here-documents, and the destination."""
    words = _list(raw, text)
    announced = len(raw.heredocs)
    if len(words) < 2:
        problem = f"{raw.keyword} needs at least one source and a destination"
        raise raw.error(problem, hint=f"For example {raw.keyword} . /app")
    sources = words[:-1]
    if announced:
        sources = tuple(word for word in sources if not re.match(r"^\d*<<-?\S", word))
    return sources, words[-1]


def _brought(raw: RawInstruction, flags: Flags) -> dict[str, Any]:
    """What COPY and ADD have in common."""
    sources, destination = _sources(raw, flags.rest)
    return {
        "raw": raw,
        "sources": sources,
        "destination": destination,
        "documents": raw.heredocs,
        "owner": flags.text("chown"),
        "mode": flags.text("chmod"),
        "link": bool(flags.switch("link")),
        "exclude": flags.texts("exclude"),
    }


def _copy(raw: RawInstruction, _: str) -> t.Copy:
    known = ("from", "chown", "chmod", "link", "parents", "exclude")
    flags = Flags(raw, known, repeatable=("exclude",))
    return t.Copy(**_brought(raw, flags), origin=flags.text("from"), parents=bool(flags.switch("parents")))


def _add(raw: RawInstruction, _: str) -> t.Add:
    known = ("chown", "chmod", "link", "exclude", "checksum", "unpack", "keep-git-dir")
    flags = Flags(raw, known, repeatable=("exclude",))
    return t.Add(
        **_brought(raw, flags),
        checksum=flags.text("checksum"),
        unpack=flags.switch("unpack"),
        keep_git=bool(flags.switch("keep-git-dir")),
    )


def _expose(raw: RawInstruction, _: str) -> t.Expose:
    return t.Expose(raw=raw, ports=tuple(_one(raw).split()))


def _volume(raw: RawInstruction, _: str) -> t.Volume:
    paths = _list(raw, _one(raw))
    if not all(path.strip() for path in paths):
        raise raw.error("VOLUME paths cannot be empty")
    return t.Volume(raw=raw, paths=paths)


def _user(raw: RawInstruction, _: str) -> t.User:
    return t.User(raw=raw, user=_one(raw))


def _workdir(raw: RawInstruction, _: str) -> t.Workdir:
    return t.Workdir(raw=raw, path=_one(raw))


def _stop_signal(raw: RawInstruction, _: str) -> t.StopSignal:
    return t.StopSignal(raw=raw, signal=_one(raw))


def _maintainer(raw: RawInstruction, _: str) -> t.Maintainer:
    return t.Maintainer(raw=raw, name=_one(raw))


def _on_build(raw: RawInstruction, _: str) -> t.OnBuild:
    expression = _one(raw)
    parse_trigger(expression, raw)
    return t.OnBuild(raw=raw, expression=expression)


def _healthcheck(raw: RawInstruction, _: str) -> t.Healthcheck:
    flags = Flags(raw, ("interval", "timeout", "start-period", "start-interval", "retries"))
    kind, _, rest = flags.rest.partition(" ")
    rest = rest.strip()
    if kind.upper() == "NONE":
        if rest:
            raise raw.error("HEALTHCHECK NONE takes no arguments", column=raw.column_of(rest))
        return t.Healthcheck(raw=raw, health=HealthCheck(test=("NONE",)))
    if kind.upper() != "CMD":
        hint = did_you_mean(kind.upper(), ("CMD", "NONE")) or "Write HEALTHCHECK CMD command, or HEALTHCHECK NONE."
        raise raw.error(f"Unknown kind {kind!r} of HEALTHCHECK", column=raw.column_of(kind), hint=hint)
    words, shell = _command(raw, rest)
    if not words:
        raise raw.error("HEALTHCHECK CMD needs a command")
    retries = flags.text("retries", "0")
    if not retries.isdigit():
        raise raw.error("The flag --retries is a whole number", column=raw.column_of("--retries"))
    health = HealthCheck(
        test=("CMD-SHELL" if shell else "CMD", *words),
        interval=flags.seconds("interval"),
        timeout=flags.seconds("timeout"),
        start_period=flags.seconds("start-period"),
        start_interval=flags.seconds("start-interval"),
        retries=int(retries),
    )
    return t.Healthcheck(raw=raw, health=health)


_PARSERS: dict[str, Callable[[RawInstruction, str], t.Instruction]] = {
    "ADD": _add,
    "ARG": _arg,
    "CMD": _cmd,
    "COPY": _copy,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _on_build,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}

__all__ = ["DockerfileError", "parse_dockerfile", "parse_instruction", "parse_trigger"]
