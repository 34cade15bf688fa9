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


def extras_of(given: Given) -> dict[str, Any]:
    """The first line of the body, as the engine reads it."""
    platforms = [each for text in given.list("platform") for each in text.split(",") if each]
    caches_to = [_fields(text, "type", "registry") for text in given.list("cache-to")]
    return {
        "secrets": dict(_secret(text) for text in given.list("secret")),
        "ssh": dict(_agent(text) for text in given.list("ssh")),
        "contexts": dict(_context(text) for text in given.list("build-context")),
        "cache_from": [_cache(_fields(text, "ref", "")) for text in given.list("cache-from")],
        "cache_to": [_cache(each) for each in caches_to if each["type"] != "inline"],
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
    if given.text("progress", "auto") not in ("auto", "plain", "tty", "quiet"):
        raise Failed(0, f'invalid --progress "{given.text("progress")}": auto, plain, tty or quiet')


def limits_of(given: Given) -> list[dict[str, Any]]:
    from engine.recipe.special import read_ulimit

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


def _agent(text: str) -> tuple[str, str]:
    """`default`, or `NAME=SOCKET`."""
    name, _, path = text.partition("=")
    path = path or os.environ.get("SSH_AUTH_SOCK", "")
    if not path:
        raise Failed(0, "there is no ssh agent: SSH_AUTH_SOCK is not set")
    import stat

    try:
        is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError as error:
        raise Failed(0, f"--ssh {text}: {path}: {os.strerror(error.errno or 0)}") from None
    if not is_socket:
        raise Failed(0, f"--ssh {text}: {path} is no agent's socket; add the key to an agent: ssh-add {path}")
    return name, os.path.abspath(path)


def _context(text: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not equals or not name or not place:
        raise Failed(0, f'invalid --build-context "{text}": write NAME=PLACE')
    if "://" in place or place.startswith("git@"):
        return name, place
    if not os.path.isdir(place):
        raise Failed(0, f"--build-context {name}: {place} is no directory")
    return name, os.path.abspath(place)


def _cache(fields: Mapping[str, str]) -> dict[str, Any]:
    kind, reference = fields.get("type", "registry"), fields.get("ref", "")
    if kind != "registry" or not reference:
        raise Failed(0, "a cache of `wherry build` is at a registry (type=registry,ref=NAME) or in the image (inline)")
    return {"reference": reference, "everything": fields.get("mode") == "max"}


def _fields(text: str, bare: str, kind: str) -> dict[str, str]:
    """`a=b,c=d`; a word alone is what `bare` names."""
    words: Iterable[str] = next(csv.reader([text]), [])
    found = {"type": kind} if kind else {}
    for word in words:
        key, equals, value = word.partition("=")
        found[key.strip() if equals else bare] = value if equals else key.strip()
    return found
