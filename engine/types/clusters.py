"""Clusters: contexts to choose from, kinds, what applying would change. Objects are as the API has them."""

from __future__ import annotations

from typing import Any, Literal

from engine.types.data import Data


class ClusterPlace(Data, frozen=True, kw_only=True):
    """Which cluster, and with whose kubeconfig and environment it is found."""

    context: str = ""
    """The current one where none is named."""
    namespace: str = ""
    """The context's own where none is named; "*" is all."""
    files: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    home: str = ""


class ClusterContext(Data, frozen=True, kw_only=True):
    name: str
    cluster: str
    server: str
    user: str
    namespace: str
    current: bool = False
    problem: str = ""
    """Why it cannot be used."""


class ClusterKind(Data, frozen=True, kw_only=True):
    """A kind of objects, as discovery tells it."""

    kind: str
    plural: str
    group: str
    version: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


class ObjectChange(Data, frozen=True, kw_only=True):
    """What applying one object would do."""

    title: str
    """"Deployment/web"."""
    namespace: str
    action: Literal["create", "change", "same"]
    diff: str = ""
    """Unified, of YAML; without what only the cluster writes."""


class Rollout(Data, frozen=True, kw_only=True):
    """How far a workload is."""

    name: str
    done: bool
    message: str
    failed: bool = False


class Forward(Data, frozen=True, kw_only=True):
    """A port of this machine that leads into a pod."""

    id: str
    context: str
    namespace: str
    pod: str
    port: int
    local_port: int
    connections: int = 0


class ClusterLogLine(Data, frozen=True, kw_only=True):
    pod: str
    container: str
    text: str
    time: str = ""
    failed: bool = False
    """It is no line of the log, but why there are none."""


class ClusterLogs(Data, frozen=True, kw_only=True):
    target: str
    """A pod's name, or KIND/NAME of a workload: of all its pods."""
    container: str = ""
    follow: bool = False
    joining: bool = False
    """Of a followed workload: pods that come later are followed too, so that it has no end."""
    previous: bool = False
    tail: int = -1
    since_seconds: int = 0


class ClusterExecRequest(Data, frozen=True, kw_only=True):
    target: str
    command: tuple[str, ...]
    container: str = ""
    tty: bool = False
    stdin: bool = False


class PodPlace(Data, frozen=True, kw_only=True):
    """The files of a pod's container, as `files.Place` is of one here."""

    kind: Literal["pod"] = "pod"
    context: str
    namespace: str
    target: str
    """KIND/NAME."""
    container: str = ""


class PodUsage(Data, frozen=True, kw_only=True):
    namespace: str
    pod: str
    cpu: float
    """Processors."""
    memory: int


class ClusterChange(Data, frozen=True, kw_only=True):
    """What a watch tells: everything at first and after a gap, then one object at a time."""

    kind: Literal["all", "put", "gone", "told"]
    objects: tuple[dict[str, Any], ...] = ()
    message: str = ""
    """Of "told": why nothing of this kind is shown."""
    code: str = ""
    """Of "told": the error's code, which tells a kind that may not be seen from a cluster that is away."""
