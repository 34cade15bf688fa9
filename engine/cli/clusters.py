"""The verbs of `kube` that speak to a cluster, in kubectl's words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.kube import generated, texts_of
from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed
from engine.kube.states import pod_state, ready_of, restarts_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def _place(given: Given) -> dict[str, Any]:
    files = given.list("kubeconfig")
    return {
        "context": given.text("context"),
        "namespace": "*" if given.flag("all-namespaces") else given.text("namespace"),
        "files": [os.path.abspath(each) for each in files],
        "environment": dict(os.environ),
        "home": os.path.expanduser("~"),
    }


def _ask(given: Given, verb: str, **more: object) -> Any:
    return engine().post(f"/wherry/clusters/{verb}", body={"place": _place(given), **more})


def contexts(given: Given) -> int:
    from engine.cli.printed.tables import show

    rows = [
        {
            "Current": "*" if each["current"] else "",
            "Name": each["name"],
            "Cluster": each["cluster"],
            "Server": each["server"],
            "User": each["user"],
            "Namespace": each["namespace"],
            "Problem": each["problem"],
        }
        for each in _ask(given, "contexts")
    ]
    columns = [
        ("CURRENT", "Current"), ("NAME", "Name"), ("CLUSTER", "Cluster"), ("SERVER", "Server"), ("USER", "User"),
        ("NAMESPACE", "Namespace"),
    ]  # fmt: skip
    columns += [("PROBLEM", "Problem")] if any(row["Problem"] for row in rows) else []
    quiet = (lambda row: str(row["Name"])) if given.flag("quiet") else None
    show(rows, given.text("format"), columns=columns, quiet=quiet)
    return 0


def get(given: Given) -> int:
    kind, _, name = given.arguments[0].partition("/")
    names = [name] if name else given.arguments[1:]
    items: list[dict[str, Any]] = []
    for each in names or [""]:
        items += _ask(given, "get", kind=kind, name=each, selector=given.text("selector"))["items"]
    form = given.text("output")
    if form in ("json", "yaml"):
        return _whole(items, form, single=bool(names) and len(items) == 1)
    if form not in ("", "wide", "name"):
        raise UsageError(f'invalid --output "{form}": json, yaml, wide or name')
    if form == "name":
        for item in items:
            say(f"{item['kind'].lower()}/{item['metadata']['name']}")
        return 0
    from engine.cli.printed.tables import table

    rows = [_row(item) for item in items]
    if not rows:
        say("No resources found", file=sys.stderr)
        return 0
    heads = list(rows[0])
    if not given.flag("all-namespaces"):
        heads.remove("NAMESPACE")
    say(table([heads, *([row.get(head, "") for head in heads] for row in rows)]), end="")
    return 0


def _whole(items: list[dict[str, Any]], form: str, *, single: bool) -> int:
    found: dict[str, Any] = items[0] if single else {"apiVersion": "v1", "kind": "List", "items": items}
    if form == "json":
        import json

        say(json.dumps(found, indent=4, ensure_ascii=False))
    else:
        from engine.recipe.yaml_text import yaml_text

        say(yaml_text(found), end="")
    return 0


def _row(item: Mapping[str, Any]) -> dict[str, str]:
    about, spec = item["metadata"], item.get("spec") or {}
    row = {"NAMESPACE": about.get("namespace", ""), "NAME": about["name"]}
    kind = item.get("kind")
    if kind == "Pod":
        row["READY"] = "{}/{}".format(*ready_of(item))
        row["STATUS"] = pod_state(item)
        row["RESTARTS"] = str(restarts_of(item))
    elif kind in ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job"):
        row["READY"] = "{}/{}".format(*ready_of(item))
    elif kind == "Service":
        row |= {"TYPE": spec.get("type", ""), "CLUSTER-IP": spec.get("clusterIP", "")}
        row["PORT(S)"] = ",".join(f"{each['port']}/{each.get('protocol', 'TCP')}" for each in spec.get("ports") or [])
    row["AGE"] = _age(about.get("creationTimestamp", ""))
    return row


def _age(text: str) -> str:
    from datetime import UTC, datetime

    from engine.api.shapes.durations import human_duration

    if not text:
        return ""
    return human_duration(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()))


# --- changing ---


def apply(given: Given) -> int:
    """Files, or things that are here, as podman's kube apply has it."""
    texts = texts_of(given.list("filename"))
    if given.arguments:
        texts["generated"] = generated(engine(), given)
    if not texts:
        raise UsageError("needs files (-f) or names of what is here")
    asked = {"texts": texts, "force": given.flag("force-conflicts")}
    if given.flag("dry-run"):
        for each in _ask(given, "differences", **asked):
            say(f"{each['action']:8} {each['title']}" + (f" ({each['namespace']})" if each["namespace"] else ""))
            if each["diff"]:
                say(each["diff"])
        return 0
    for title in _ask(given, "apply", **asked):
        say(f"{title} applied")
    return 0


def delete(given: Given) -> int:
    if files := given.list("filename"):
        for title in _ask(given, "delete", texts=texts_of(files)):
            say(f"{title} deleted")
        return 0
    if not given.arguments:
        raise UsageError("needs files (-f) or KIND NAME")
    kind, _, name = given.arguments[0].partition("/")
    for each in [name] if name else given.arguments[1:]:
        _ask(given, "delete", kind=kind, name=each)
        say(f"{kind}/{each} deleted")
    return 0


def scale(given: Given) -> int:
    number = given.number("replicas")
    if number is None:
        raise UsageError("--replicas is missing")
    _ask(given, "scale", target=given.arguments[0], number=number)
    say(f"{given.arguments[0]} scaled")
    return 0


def rollout(given: Given) -> int:
    verb, target = given.arguments
    if verb == "restart":
        _ask(given, "restart", target=target)
        say(f"{target} restarted")
    elif verb == "undo":
        revision = _ask(given, "undo", target=target, number=given.number("to-revision") or 0)
        say(f"{target} rolled back to revision {revision}")
    elif verb == "status":
        return _status(given, target)
    else:
        raise UsageError(f'unknown verb "{verb}": restart, status or undo')
    return 0


def _status(given: Given, target: str) -> int:
    import time

    told = ""
    while True:
        found = _ask(given, "rollout", target=target)
        if found["message"] != told:
            told = found["message"]
            say(told, flush=True)
        if found["done"] or found["failed"] or not given.flag("watch", default=True):
            return 1 if found["failed"] else 0
        time.sleep(1)


# --- into pods ---


def logs(given: Given) -> int:
    request = {
        "target": given.arguments[0],
        "container": given.text("container"),
        "follow": given.flag("follow"),
        "previous": given.flag("previous"),
        "tail": -1 if given.number("tail") is None else given.number("tail"),
    }
    answer = engine().ask("POST", "/wherry/clusters/logs", body={"place": _place(given), "logs": request})
    for line in answer.messages():
        if "error" in line:
            raise Failed(0, line["error"])
        head = f"[{line['pod']}/{line['container']}] " if given.flag("prefix") or "/" in given.arguments[0] else ""
        time = f"{line['time']} " if given.flag("timestamps") and line["time"] else ""
        say(f"{head}{time}{line['text']}", file=sys.stderr if line["failed"] else sys.stdout, flush=True)
    return 0


def exec_(given: Given) -> int:
    target, *command = given.arguments
    request = {"target": target, "command": command, "container": given.text("container")}
    answer = engine().ask("POST", "/wherry/clusters/exec", body={"place": _place(given), "exec": request})
    for message in answer.messages():
        if "error" in message:
            raise Failed(0, message["error"])
        if "code" in message:
            return int(message["code"])
        say(message["text"], end="", file=sys.stderr if message["stream"] == "stderr" else sys.stdout, flush=True)
    return 1


def port_forward(given: Given) -> int:
    """Until Ctrl+C, as kubectl does."""
    import signal

    target, *words = given.arguments
    client, made = engine(), []
    for word in words:
        local, colon, remote = word.partition(":")
        if not (remote or local).isdigit() or (colon and local and not local.isdigit()):
            raise UsageError(f'"{word}" is no [LOCAL:]REMOTE')
        number, wanted = int(remote or local), int(local or 0)
        found = _ask(given, "forward", target=target, number=number, local_port=wanted)
        made.append(found["id"])
        say(f"Forwarding from 127.0.0.1:{found['local_port']} -> {found['port']}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        for each in made:
            client.delete(f"/wherry/clusters/forwards/{each}")
    return 0


def top(given: Given) -> int:
    from engine.cli.printed.tables import table
    from engine.cli.printed.words import memory

    rows = [
        [each["namespace"], each["pod"], f"{round(each['cpu'] * 1000)}m", memory(each["memory"])]
        for each in _ask(given, "usage")
    ]
    if not rows:
        raise Failed(0, "the cluster measures nothing: it has no metrics API")
    say(table([["NAMESPACE", "NAME", "CPU", "MEMORY"], *rows]), end="")
    return 0


_WHERE = """
--context text       Which context of the kubeconfig
--kubeconfig list    Files to read instead of KUBECONFIG's
-n --namespace text  Which namespace
"""
_ALL = "-A --all-namespaces flag  All namespaces\n"
_IN = "-c --container text  Which container\n"

COMMANDS = {
    "kube contexts": Command(
        contexts, "[OPTIONS]", "List the contexts of the kubeconfig",
        "--format text 'table', 'json' or a Go template\n--kubeconfig list Files to read\n-q --quiet flag Only names",
        most=0,
    ),
    "kube get": Command(
        get, "[OPTIONS] KIND [NAME...]", "Show objects of a cluster",
        _WHERE + _ALL + "-o --output text json, yaml, wide or name\n-l --selector text Only with these labels", least=1,
    ),
    "kube apply": Command(
        apply, "[OPTIONS] [NAME...]", "Apply manifests, or what is here, to a cluster",
        _WHERE + "-f --filename list Files, folders, addresses or -\n--dry-run flag Show what would change\n"
        "--force-conflicts flag Take fields from other managers\n-s --service flag With a Service for its ports\n"
        "-t --type text 'pod' or 'deployment'\n-r --replicas number How many, of a deployment",
    ),
    "kube delete": Command(
        delete, "[OPTIONS] [KIND NAME...]", "Delete objects of a cluster",
        _WHERE + "-f --filename list Files, folders, addresses or -",
    ),
    "kube scale": Command(
        scale, "[OPTIONS] KIND/NAME", "Say how many pods a workload has", _WHERE + "--replicas number How many",
        least=1, most=1,
    ),
    "kube rollout": Command(
        rollout, "[OPTIONS] restart|status|undo KIND/NAME", "Look after a workload's roll-out",
        _WHERE + "--to-revision number Which, of undo\n-w --watch flag Wait for the end (default true)",
        least=2, most=2,
    ),
    "kube logs": Command(
        logs, "[OPTIONS] POD | KIND/NAME", "Show what pods of a cluster say",
        _WHERE + _IN + "-f --follow flag Go on\n-p --previous flag Of the run before\n--prefix flag With names\n"
        "--tail number Only so many lines\n--timestamps flag With times", least=1, most=1,
    ),
    "kube exec": Command(
        exec_, "[OPTIONS] POD COMMAND [ARG...]", "Run a command in a pod of a cluster", _WHERE + _IN, least=2,
        stop_early=True,
    ),
    "kube port-forward": Command(
        port_forward, "[OPTIONS] POD|KIND/NAME [LOCAL:]REMOTE...", "Forward ports of this machine into a pod", _WHERE,
        least=2,
    ),
    "kube top": Command(top, "[OPTIONS]", "Show what pods of a cluster use", _WHERE + _ALL, most=0),
}  # fmt: skip
