"""The verbs of `kube` that speak to a cluster, in kubectl's words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.clusters.manifests import generated, texts_of
from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote
from engine.kube.states import pod_state, ready_of, restarts_of

if TYPE_CHECKING:
    from collections.abc import Mapping


_LOOK_SECONDS = 1.0


def place(given: Given) -> dict[str, Any]:
    files = given.list("kubeconfig")
    return {
        "context": given.text("context"),
        "namespace": "*" if given.flag("all-namespaces") else given.text("namespace"),
        "files": [os.path.abspath(each) for each in files],
        "environment": dict(os.environ),
        "home": os.path.expanduser("~"),
    }


def ask(given: Given, verb: str, **more: object) -> Any:
    return engine().post(f"/wherry/clusters/{verb}", body={"place": place(given), **more})


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
        for each in ask(given, "contexts")
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
    if given.flag("watch"):
        return _watch(given, kind, set(names))
    items: list[dict[str, Any]] = []
    for each in names or [""]:
        items += ask(given, "get", kind=kind, name=each, selector=given.text("selector"))["items"]
    form = given.text("output")
    if form in ("json", "yaml"):
        return _whole(items, form, single=bool(names) and len(items) == 1)
    if form not in ("", "wide", "name"):
        raise UsageError(f'invalid --output "{form}": json, yaml, wide or name')
    if form == "name":
        for item in items:
            say(f"{item['kind'].lower()}/{item['metadata']['name']}")
        return 0
    if not items:
        say("No resources found", file=sys.stderr)
        return 0
    say(_table(given, items), end="")
    return 0


def _table(given: Given, items: list[dict[str, Any]], *, headed: bool = True) -> str:
    from engine.cli.printed.tables import table

    rows = [_row(item) for item in items]
    heads = list(dict.fromkeys(head for row in rows for head in row))
    if not given.flag("all-namespaces"):
        heads.remove("NAMESPACE")
    made = table([heads, *([row.get(head, "") for head in heads] for row in rows)])
    return made if headed else made.partition("\n")[2]


def _watch(given: Given, kind: str, names: set[str]) -> int:
    """What is there, then each object again when it changes, until Ctrl+C."""
    asked = {"place": place(given), "kind": kind, "selector": given.text("selector")}
    answer = engine().ask("POST", "/wherry/clusters/watch", body=asked)
    headed = True
    for change in answer.messages():
        if change["kind"] == "told":
            say(change["message"], file=sys.stderr, flush=True)
            continue
        items = [each for each in change["objects"] if not names or each["metadata"]["name"] in names]
        if change["kind"] == "gone":
            for each in items:
                say(f"{each['metadata']['name']} is gone", flush=True)
        elif items:
            say(_table(given, items, headed=headed), end="", flush=True)
            headed = False
    return 0


def _whole(items: list[dict[str, Any]], form: str, *, single: bool) -> int:
    found: dict[str, Any] = items[0] if single else {"apiVersion": "v1", "kind": "List", "items": items}
    if form == "json":
        import json

        say(json.dumps(found, indent=4, ensure_ascii=False))
    else:
        from engine.recipe.exports.yaml_text import yaml_text

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
    if registry := given.text("push-to"):
        texts = _pushed(texts, registry, only_named=given.flag("dry-run"))
    asked = {"texts": texts, "force": given.flag("force-conflicts")}
    if given.flag("dry-run"):
        for each in ask(given, "differences", **asked):
            say(f"{each['action']:8} {each['title']}" + (f" ({each['namespace']})" if each["namespace"] else ""))
            if each["diff"]:
                say(each["diff"])
        return 0
    for title in ask(given, "apply", **asked):
        say(f"{title} applied")
    return 0


def _pushed(texts: dict[str, str], registry: str, *, only_named: bool) -> dict[str, str]:
    """Images that only this computer has go to the registry; the manifests then call them as they are called there."""
    client = engine()
    names: dict[str, str] = client.post("/wherry/manifests/images", body={"texts": texts, "registry": registry})
    for here, there in names.items() if not only_named else ():
        from engine.cli.printed.words import repository_and_tag
        from engine.cli.streams.progress import show_messages

        repository, tag = repository_and_tag(there)
        client.ask("POST", f"/images/{quote(here)}/tag", {"repo": repository, "tag": tag}).close()
        say(f"Pushing {there}", flush=True)
        show_messages(client.ask("POST", f"/images/{quote(repository)}/push", {"tag": tag}).messages())
    if not names:
        return texts
    renamed: dict[str, str] = client.post("/wherry/manifests/rename", body={"texts": texts, "names": names})
    return renamed


def undo(given: Given) -> int:
    """What `apply` of these files did: changed objects are as before, new ones are gone."""
    files = given.list("filename")
    if not files:
        raise UsageError("needs files (-f)")
    for title in ask(given, "put-back", texts=texts_of(files)):
        say(f"{title} is as before")
    return 0


def delete(given: Given) -> int:
    if files := given.list("filename"):
        for title in ask(given, "delete", texts=texts_of(files)):
            say(f"{title} deleted")
        return 0
    if not given.arguments:
        raise UsageError("needs files (-f) or KIND NAME")
    kind, _, name = given.arguments[0].partition("/")
    for each in [name] if name else given.arguments[1:]:
        ask(given, "delete", kind=kind, name=each)
        say(f"{kind}/{each} deleted")
    return 0


def scale(given: Given) -> int:
    number = given.number("replicas")
    if number is None:
        raise UsageError("--replicas is missing")
    ask(given, "scale", target=given.arguments[0], number=number)
    say(f"{given.arguments[0]} scaled")
    return 0


def rollout(given: Given) -> int:
    verb, target = given.arguments
    if verb == "restart":
        ask(given, "restart", target=target)
        say(f"{target} restarted")
    elif verb == "undo":
        revision = ask(given, "undo", target=target, number=given.number("to-revision") or 0)
        say(f"{target} rolled back" + (f" to revision {revision}" if revision else ""))
    elif verb == "status":
        return _status(given, target)
    else:
        raise UsageError(f'unknown verb "{verb}": restart, status or undo')
    return 0


def _status(given: Given, target: str) -> int:
    import time

    told = ""
    while True:
        found = ask(given, "rollout", target=target)
        if found["message"] != told:
            told = found["message"]
            say(told, flush=True)
        if found["done"] or found["failed"] or not given.flag("watch", default=True):
            return 1 if found["failed"] else 0
        time.sleep(_LOOK_SECONDS)


def top(given: Given) -> int:
    from engine.cli.printed.tables import table
    from engine.cli.printed.words import memory

    rows = [
        [each["namespace"], each["pod"], f"{round(each['cpu'] * 1000)}m", memory(each["memory"])]
        for each in ask(given, "usage")
    ]
    if not rows:
        raise Failed(0, "the cluster measures nothing: it has no metrics API")
    say(table([["NAMESPACE", "NAME", "CPU", "MEMORY"], *rows]), end="")
    return 0


WHERE = """
--context text       Which context of the kubeconfig
--kubeconfig list    Files to read instead of KUBECONFIG's
-n --namespace text  Which namespace
"""
_ALL = "-A --all-namespaces flag  All namespaces\n"

COMMANDS = {
    "kube contexts": Command(
        contexts, "[OPTIONS]", "List the contexts of the kubeconfig",
        "--format text 'table', 'json' or a Go template\n--kubeconfig list Files to read\n-q --quiet flag Only names",
        most=0,
    ),
    "kube get": Command(
        get, "[OPTIONS] KIND [NAME...]", "Show objects of a cluster",
        WHERE + _ALL + "-o --output text json, yaml, wide or name\n-l --selector text Only with these labels\n"
        "-w --watch flag Go on with what changes", least=1,
    ),
    "kube apply": Command(
        apply, "[OPTIONS] [NAME...]", "Apply manifests, or what is here, to a cluster",
        WHERE + "-f --filename list Files, folders, addresses or -\n--dry-run flag Show what would change\n"
        "--force-conflicts flag Take fields from other managers\n"
        "--push-to text Push images that are only here to this registry first\n"
        "-s --service flag With a Service for its ports\n"
        "-t --type text 'pod' or 'deployment'\n-r --replicas number How many, of a deployment",
    ),
    "kube undo": Command(
        undo, "[OPTIONS]", "Undo the last apply of files", WHERE + "-f --filename list Files, folders, addresses or -",
        most=0,
    ),
    "kube delete": Command(
        delete, "[OPTIONS] [KIND NAME...]", "Delete objects of a cluster",
        WHERE + "-f --filename list Files, folders, addresses or -",
    ),
    "kube scale": Command(
        scale, "[OPTIONS] KIND/NAME", "Say how many pods a workload has", WHERE + "--replicas number How many",
        least=1, most=1,
    ),
    "kube rollout": Command(
        rollout, "[OPTIONS] restart|status|undo KIND/NAME", "Look after a workload's roll-out",
        WHERE + "--to-revision number Which, of undo\n-w --watch flag Wait for the end (default true)",
        least=2, most=2,
    ),
    "kube top": Command(top, "[OPTIONS]", "Show what pods of a cluster use", WHERE + _ALL, most=0),
}  # fmt: skip
