"""The attributes of a client's build, read: words and lists as `docker build` writes them. Pure."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from grpclib.const import Status

from engine.api.buildkit.faults import refused
from engine.api.buildkit.workers import HOST_GATEWAY
from engine.recipe.faults import Unreadable
from engine.recipe.kinds.special import read_ulimit
from engine.types.containers import Ulimit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

REMOTE: Final = re.compile(r"(?:https?|git|ssh)://|git@|github\.com/")
UPLOADED: Final = "http://buildkit-session"
_KNOWN_WORDS: Final = {
    "moby.buildkit.frontend.inputs",
    "moby.buildkit.frontend.subrequests",
    "moby.buildkit.frontend.contexts",
    "moby.buildkit.frontend.gitquerystring",
}


class Options:
    """What `LLBBridge.Solve` carries beside its target. Keys that nobody knows mean nothing."""

    def __init__(self, given: Mapping[str, str], entitlements: Collection[str]) -> None:
        self._given = given
        self._entitlements = entitlements

    def text(self, key: str) -> str:
        return self._given.get(key, "")

    def __contains__(self, key: str) -> bool:
        return key in self._given

    def below(self, prefix: str) -> dict[str, Any]:
        """`build-arg:V` and its like."""
        return {key.removeprefix(prefix): value for key, value in self._given.items() if key.startswith(prefix)}

    @property
    def filename(self) -> str:
        return self.text("filename") or "Dockerfile"

    @property
    def dockerfile_key(self) -> str:
        """The client's word for the directory of the Dockerfile."""
        return self.text("dockerfilekey") or "dockerfile"

    @property
    def local_context(self) -> str:
        """The client's word for its own directory; "" where the context is somewhere else."""
        context = self.text("context")
        if context.startswith(UPLOADED) or REMOTE.match(context):
            return ""
        return context.removeprefix("local:") or self.text("contextkey") or "context"

    @property
    def platforms(self) -> list[str]:
        return listed(self.text("platform"))

    def check(self) -> None:
        """Refuse what could not be done as it is meant."""
        for word in listed(self.text("frontend.caps")):
            name, _, forward = word.partition("+")
            if name not in _KNOWN_WORDS and forward != "forward":
                raise refused(f"unsupported frontend capability {name}", Status.UNIMPLEMENTED)
        if self.text("cgroup-parent"):
            raise refused("cgroup-parent is not supported by Wherry: steps run in the engine's own groups")

    def network(self) -> Literal["", "none", "host", "pasta"]:
        mode = self.text("force-network-mode")
        if mode == "host" and "network.host" not in self._entitlements:
            raise refused("network.host is not allowed")
        return cast('Literal["none", "host"]', mode) if mode in ("none", "host") else ""

    def fields(self) -> dict[str, Any]:
        """What the options say of a `BuildImage` that needs no look at the client's files."""
        return {
            "dockerfile": self.filename,
            "target": self.text("target"),
            "build_args": self.below("build-arg:"),
            "labels": self.below("label:"),
            "no_cache": self._given.get("no-cache") == "",
            "no_cache_stages": tuple(listed(self.text("no-cache"))),
            "pull": self.text("image-resolve-mode") == "pull",
            "network": self.network(),
            "allow": tuple(each for each in self._entitlements if each in ("network.host", "security.insecure")),
            "extra_hosts": tuple(map(_host_line, listed(self.text("add-hosts")))),
            "source_date_epoch": _number(self.text("build-arg:SOURCE_DATE_EPOCH")),
            "shm_size": _number(self.text("shm-size")) or 0,
            "ulimits": tuple(map(_ulimit, listed(self.text("ulimit")))),
        }


def listed(text: str) -> list[str]:
    return [each for row in csv.reader([text]) for each in row if each]


def _host_line(text: str) -> str:
    name, _, address = text.partition("=")
    return f"{name}:{'host-gateway' if address == HOST_GATEWAY else address}"


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 19 else None


def _ulimit(text: str) -> Ulimit:
    try:
        return Ulimit(**read_ulimit(text))
    except Unreadable as error:
        raise refused(f"failed to parse ulimit: {text[:80]}") from error
