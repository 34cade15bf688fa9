"""Objects of a Kubernetes cluster as rows: what each kind has to say, in columns that several kinds share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.kube.states import pod_state, ready_of, restarts_of
from engine.types.clusters import ClusterPlace
from gui.theme import Tone
from gui.words import marked, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_LISTED = 4
_WORKING = ("Pending", "ContainerCreating", "PodInitializing")


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One object. `detail` and `more` are what the columns of its kind say."""

    context: str
    plural: str
    kind: str
    namespace: str
    name: str
    state: str = ""
    tone: Tone = Tone.NEUTRAL
    ready: str = ""
    detail: str = ""
    more: str = ""
    restarts: int = 0
    created: datetime | None = None
    containers: tuple[str, ...] = ()
    replicas: int = 0
    ports: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.plural}/{self.namespace}/{self.name}"

    @property
    def target(self) -> str:
        """As the engine takes it."""
        return f"{self.plural}/{self.name}"


_STATES = {
    "Ready": marked("Clusters", "Ready"),
    "Progressing": marked("Clusters", "Progressing"),
    "None wanted": marked("Clusters", "None wanted"),
    "Failed": marked("Clusters", "Failed"),
    "Complete": marked("Clusters", "Complete"),
    "Suspended": marked("Clusters", "Suspended"),
    "Scheduled": marked("Clusters", "Scheduled"),
}


def state_text(row: ClusterRow) -> str:
    """Ours in the window's language; the cluster's own words as they are looked up."""
    return translate("Clusters", _STATES[row.state]) if row.state in _STATES else row.state


def row_of(found: Mapping[str, Any], plural: str, context: str) -> ClusterRow:
    """Whatever the kind: one that is not known here has a name and an age."""
    about = found.get("metadata") or {}
    made: dict[str, Any] = {
        "context": context, "plural": plural, "kind": str(found.get("kind") or ""),
        "namespace": str(about.get("namespace") or ""), "name": str(about.get("name") or ""),
        "created": moment(about.get("creationTimestamp")),
    }  # fmt: skip
    writer = _WRITERS.get(plural)
    if writer is not None:
        made |= writer(found)
    return ClusterRow(**made)


def moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None
    except ValueError:
        return None


def _listed(words: list[str]) -> str:
    rest = len(words) - _MOST_LISTED
    return ", ".join(words[:_MOST_LISTED]) + (f" +{rest}" if rest > 0 else "")


# --- one for each kind ---


def _pod(found: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = found.get("spec") or {}, found.get("status") or {}
    (ready, wanted), state = ready_of(found), pod_state(found)
    containers = spec.get("containers") or ()
    ports = [int(port["containerPort"]) for each in containers for port in each.get("ports") or ()]
    return {
        "state": state, "tone": _pod_tone(state, all_ready=ready >= wanted), "ready": f"{ready}/{wanted}",
        "restarts": restarts_of(found), "detail": str(spec.get("nodeName") or ""),
        "more": str(status.get("podIP") or ""), "containers": tuple(str(each["name"]) for each in containers),
        "ports": tuple(ports),
    }  # fmt: skip


def _pod_tone(state: str, *, all_ready: bool) -> Tone:
    if state == "Running":
        return Tone.SUCCESS if all_ready else Tone.WARNING
    if state in ("Succeeded", "Completed"):
        return Tone.MUTED
    if state in _WORKING or (state.startswith("Init:") and "/" in state):
        return Tone.INFO
    return Tone.WARNING if state in ("Terminating", "Unknown") else Tone.DANGER


def _template(found: Mapping[str, Any]) -> dict[str, Any]:
    spec = found.get("spec") or {}
    inner = ((spec.get("jobTemplate") or {}).get("spec") or spec).get("template") or {}
    containers = (inner.get("spec") or {}).get("containers") or ()
    ports = [int(port["containerPort"]) for each in containers for port in each.get("ports") or ()]
    return {
        "detail": _listed([str(each.get("image") or "") for each in containers]),
        "containers": tuple(str(each["name"]) for each in containers), "ports": tuple(ports),
    }  # fmt: skip


def _workload(found: Mapping[str, Any]) -> dict[str, Any]:
    ready, wanted = ready_of(found)
    state, tone = ("Ready", Tone.SUCCESS) if ready >= wanted else ("Progressing", Tone.WARNING)
    if not wanted:
        state, tone = "None wanted", Tone.MUTED
    for condition in (found.get("status") or {}).get("conditions") or ():
        if condition.get("reason") == "ProgressDeadlineExceeded":
            state, tone = "Failed", Tone.DANGER
    return {"state": state, "tone": tone, "ready": f"{ready}/{wanted}", "replicas": wanted, **_template(found)}


def _job(found: Mapping[str, Any]) -> dict[str, Any]:
    done, wanted = ready_of(found)
    told = {str(each.get("type")) for each in _conditions(found) if each.get("status") == "True"}
    state, tone = ("Failed", Tone.DANGER) if "Failed" in told else ("Progressing", Tone.INFO)
    if "Complete" in told:
        state, tone = "Complete", Tone.MUTED
    return {"state": state, "tone": tone, "ready": f"{done}/{wanted}", **_template(found)}


def _conditions(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list((found.get("status") or {}).get("conditions") or ())


def _cron_job(found: Mapping[str, Any]) -> dict[str, Any]:
    spec = found.get("spec") or {}
    state, tone = ("Suspended", Tone.MUTED) if spec.get("suspend") else ("Scheduled", Tone.SUCCESS)
    return {"state": state, "tone": tone, "ready": str(spec.get("schedule") or ""), **_template(found)}


def _service(found: Mapping[str, Any]) -> dict[str, Any]:
    spec = found.get("spec") or {}
    ports = [each for each in spec.get("ports") or () if each.get("port")]
    words = [f"{each['port']}/{str(each.get('protocol') or 'TCP').lower()}" for each in ports]
    addresses = [str(each.get("ip") or each.get("hostname")) for each in _balanced(found)]
    own = str(spec.get("clusterIP") or "")
    return {
        "state": str(spec.get("type") or "ClusterIP"), "detail": ", ".join([own, *addresses] if own else addresses),
        "more": _listed(words), "ports": tuple(int(each["port"]) for each in ports),
    }  # fmt: skip


def _balanced(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(((found.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ())


def _ingress(found: Mapping[str, Any]) -> dict[str, Any]:
    spec = found.get("spec") or {}
    hosts = [str(each.get("host") or "*") for each in spec.get("rules") or ()]
    addresses = [str(each.get("ip") or each.get("hostname")) for each in _balanced(found)]
    return {
        "state": str(spec.get("ingressClassName") or ""), "detail": _listed(hosts) or "*", "more": _listed(addresses)
    }  # fmt: skip


def _claim(found: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = found.get("spec") or {}, found.get("status") or {}
    state = str(status.get("phase") or "Pending")
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return {
        "state": state, "tone": {"Bound": Tone.SUCCESS, "Lost": Tone.DANGER}.get(state, Tone.WARNING),
        "detail": str((status.get("capacity") or {}).get("storage") or asked or ""),
        "more": str(spec.get("storageClassName") or ""),
    }  # fmt: skip


def _settings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Names only: what a secret holds never gets into a list."""
    keys = sorted({*(found.get("data") or {}), *(found.get("binaryData") or {})})
    return {"state": str(found.get("type") or ""), "detail": _listed(keys), "more": str(len(keys))}


def _event(found: Mapping[str, Any]) -> dict[str, Any]:
    about = found.get("involvedObject") or {}
    series = found.get("series") or {}
    last = series.get("lastObservedTime") or found.get("lastTimestamp") or found.get("eventTime")
    return {
        "state": str(found.get("reason") or ""),
        "tone": Tone.WARNING if found.get("type") == "Warning" else Tone.NEUTRAL,
        "detail": str(found.get("message") or "").strip(), "more": f"{about.get('kind', '')}/{about.get('name', '')}",
        "restarts": int(series.get("count") or found.get("count") or 1),
        "created": moment(last) or moment((found.get("metadata") or {}).get("creationTimestamp")),
    }  # fmt: skip


_WRITERS = {
    "pods": _pod, "deployments": _workload, "statefulsets": _workload, "daemonsets": _workload, "jobs": _job,
    "cronjobs": _cron_job, "services": _service, "ingresses": _ingress, "persistentvolumeclaims": _claim,
    "configmaps": _settings, "secrets": _settings, "events": _event,
}  # fmt: skip


# --- asking about one ---


def place_of(row: ClusterRow) -> ClusterPlace:
    """Where an object is, whichever namespace is shown."""
    return ClusterPlace(context=row.context, namespace=row.namespace)


def about_of(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an object says of itself, by name: its labels, who owns it, its conditions, what it uses."""
    about, spec = found.get("metadata") or {}, found.get("spec") or {}
    pairs = [
        (translate("Clusters", "Labels"), _pairs(about.get("labels"))),
        (translate("Clusters", "Belongs to"), _listed([f"{each.get('kind')}/{each.get('name')}"
                                                       for each in about.get("ownerReferences") or ()])),
        (translate("Clusters", "Chooses pods by"), _selector(spec)),
        (translate("Clusters", "Images"), ", ".join(_images(spec))),
        (translate("Clusters", "Account"), str(spec.get("serviceAccountName") or "")),
        (translate("Clusters", "Volumes"), _listed([str(each.get("name")) for each in spec.get("volumes") or ()])),
    ]  # fmt: skip
    pairs += [(str(each.get("type")), _condition(each)) for each in _conditions(found)]
    return [(name, value) for name, value in pairs if value]


def _pairs(values: object) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(values.items())) if isinstance(values, dict) else ""


def _selector(spec: Mapping[str, Any]) -> str:
    chosen = spec.get("selector")
    return _pairs(chosen.get("matchLabels", chosen) if isinstance(chosen, dict) else None)


def _images(spec: Mapping[str, Any]) -> list[str]:
    inner = ((spec.get("template") or {}).get("spec")) or spec
    parts = (*(inner.get("initContainers") or ()), *(inner.get("containers") or ()))
    return [str(each.get("image") or "") for each in parts]


def _condition(each: Mapping[str, Any]) -> str:
    told = str(each.get("message") or each.get("reason") or "")
    return f"{each.get('status')}  ·  {told}" if told else str(each.get("status") or "")
