"""What `wherry build` is asked for beyond docker's classic call, in buildx's words: read, and made ready to be sent."""

from __future__ import annotations

import base64
import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import ExitStack

    from engine.cli.options import Given

_QUESTIONS = {"check": "lint", "lint": "lint", "outline": "outline", "targets": "targets"}
_KINDS = ("local", "tar", "oci", "docker", "image", "registry")


@dataclass(frozen=True)
class Output:
    """Where what was built goes."""

    kind: str
    place: str
    """A path; "-" is stdout; "" for images."""
    names: tuple[str, ...] = ()
    push: bool = False


def extras_of(given: Given, agents: Mapping[str, str]) -> dict[str, Any]:
    """The first line of the body, as the engine reads it; with the sockets of agents."""
    platforms = [each for text in given.list("platform") for each in text.split(",") if each]
    caches_to = [_fields(text, "type", "registry") for text in given.list("cache-to")]
    return {
        "secrets": dict(_secret(text) for text in given.list("secret")),
        "ssh": agents,
        "contexts": dict(_context(text) for text in given.list("build-context")),
        "cache_from": [_cache(_fields(text, "ref", ""), "src") for text in given.list("cache-from")],
        "cache_to": [_cache(each, "dest") for each in caches_to if each["type"] != "inline"],
        "inline_cache": any(each["type"] == "inline" for each in caches_to),
        "platforms": platforms if len(platforms) > 1 else [],
        "no_cache_stages": [each for text in given.list("no-cache-filter") for each in text.split(",") if each],
    }


def question_of(given: Given) -> str:
    """What is asked of the Dockerfile instead of a build; "" for a build."""
    asked = "check" if given.flag("check") else given.text("call")
    if asked in ("", "build"):
        return ""
    if asked not in _QUESTIONS:
        raise Failed(0, f'invalid --call "{asked}": build, check, outline or targets')
    return _QUESTIONS[asked]


def outputs_of(given: Given) -> list[Output]:
    found = [_output(text) for text in given.list("output")]
    if given.flag("push"):
        found.append(Output("registry", "", push=True))
    return found


def checked_progress(given: Given) -> None:
    """Lines are what there is: a terminal gets no other picture of a build than a pipe does."""
    if given.text("progress", "auto") not in ("auto", "plain", "tty", "quiet", "rawjson"):
        raise Failed(0, f'invalid --progress "{given.text("progress")}": auto, plain, tty, quiet or rawjson')


def limits_of(given: Given) -> list[dict[str, Any]]:
    from engine.recipe.kinds.special import read_ulimit

    read = [read_ulimit(text) for text in given.list("ulimit")]
    return [{"Name": each["name"], "Soft": each["soft"], "Hard": each["hard"]} for each in read]


def _output(text: str) -> Output:
    if "=" not in text:
        return Output("tar", "-") if text == "-" else Output("local", text)
    fields = _fields(text, "type", "")
    kind, place = fields.get("type", ""), fields.get("dest", "")
    if kind not in _KINDS:
        raise Failed(0, f'invalid --output "{text}": the type is one of {", ".join(_KINDS)}')
    if kind in ("local", "tar", "oci") and not place:
        raise Failed(0, f"dest is required for {kind} output")
    names = tuple(each for each in fields.get("name", "").split(",") if each)
    return Output(kind, place, names, push=kind == "registry" or fields.get("push") == "true")


def _secret(text: str) -> tuple[str, str]:
    """`id=NAME[,src=FILE|,env=VARIABLE]`; a name alone is a variable, else a file, of that name."""
    fields = _fields(text, "id", "")
    name = fields.get("id", "")
    if not name:
        raise Failed(0, f'invalid --secret "{text}": write id=NAME,src=FILE or id=NAME,env=VARIABLE')
    path, variable = fields.get("src") or fields.get("source", ""), fields.get("env", "")
    if not path and not variable:
        variable, path = (name, "") if name in os.environ else ("", name)
    if variable:
        if variable not in os.environ:
            raise Failed(0, f"the secret {name} is to be the variable {variable}, which is not set")
        data = os.environb[os.fsencode(variable)]
    else:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise Failed(0, f"the secret {name}: {path}: {os.strerror(error.errno or 0)}") from None
    return name, base64.b64encode(data).decode()


def agents_of(given: Given, stack: ExitStack) -> dict[str, str]:
    """Sockets by name: `default`, `NAME=SOCKET`, or `NAME=KEY[,KEY]`, for which an agent is started until the end."""
    return dict(_agent(text, stack) for text in given.list("ssh"))


def _agent(text: str, stack: ExitStack) -> tuple[str, str]:
    name, _, paths = text.partition("=")
    paths = paths or os.environ.get("SSH_AUTH_SOCK", "")
    if not paths:
        raise Failed(0, "there is no ssh agent: SSH_AUTH_SOCK is not set")
    import stat

    found = paths.split(",")
    for path in found:
        try:
            is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
        except OSError as error:
            raise Failed(0, f"--ssh {text}: {path}: {os.strerror(error.errno or 0)}") from None
        if is_socket and len(found) > 1:
            raise Failed(0, f"--ssh {text}: one agent's socket, or files of keys")
    if is_socket:
        return name, os.path.abspath(paths)
    from engine.processes.ssh_agent import NoAgent, agent_of

    try:
        return name, stack.enter_context(agent_of([os.path.abspath(path) for path in found]))
    except NoAgent as error:
        raise Failed(0, f"--ssh {text}: {error}") from None


def _context(text: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not equals or not name or not place:
        raise Failed(0, f'invalid --build-context "{text}": write NAME=PLACE')
    if "://" in place or place.startswith("git@"):
        return name, place
    if not os.path.isdir(place):
        raise Failed(0, f"--build-context {name}: {place} is no directory")
    return name, os.path.abspath(place)


def _cache(fields: Mapping[str, str], place: str) -> dict[str, Any]:
    kind, reference, directory = fields.get("type", "registry"), fields.get("ref", ""), fields.get(place, "")
    everything = fields.get("mode") == "max"
    if kind == "local" and directory:
        return {"directory": os.path.abspath(directory), "everything": everything}
    if kind != "registry" or not reference:
        raise Failed(
            0,
            "a cache of `wherry build` is at a registry (type=registry,ref=NAME), in a directory"
            f" (type=local,{place}=PATH) or in the image (inline)",
        )
    return {"reference": reference, "everything": everything}


def _fields(text: str, bare: str, kind: str) -> dict[str, str]:
    """`a=b,c=d`; a word alone is what `bare` names."""
    words: Iterable[str] = next(csv.reader([text]), [])
    found = {"type": kind} if kind else {}
    for word in words:
        key, equals, value = word.partition("=")
        found[key.strip() if equals else bare] = value if equals else key.strip()
    return found
