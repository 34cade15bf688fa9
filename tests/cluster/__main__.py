"""The cluster client on a real API server, and Quadlet's own generator on what is exported.

    python -m tests.cluster [--cache DIRECTORY] [--only quadlet]

Not part of `make test`: the server is built on first use, which takes minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clusters.cluster_service import ClusterService
from engine.errors import ClusterError, InvalidRequest, WherryError
from engine.recipe.crossing import recipe_of
from engine.recipe.exports.forms import export_files
from engine.types.clusters import ClusterExecRequest, ClusterLogs, ClusterPlace
from gui.presentation.remote.clusters import ClusterRow, row_of
from tests.cluster.building import Workshop
from tests.cluster.serving import node, serve
from tests.unit.recipe.test_exports import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

_PODS, _CHANGES, _WATCHED_SECONDS = 2000, 10, 20.0
WEB = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {nodeName: stand-in, containers: [{name: app, image: "shop:1"}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words, namespace: shop}
data: {motto: cheap}
"""


def check(what: str, *, good: bool, note: object = "") -> None:
    print(f"{'ok  ' if good else 'FAIL'} {what}" + (f": {note}" if note != "" else ""), flush=True)
    if not good:
        raise SystemExit(1)


async def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        if found := await condition():
            return found
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come true")
        await asyncio.sleep(0.2)


async def changing(service: ClusterService, place: ClusterPlace) -> None:
    kinds = await service.kinds(place)
    check("kinds are discovered", good=len(kinds) > 50, note=len(kinds))
    first = await service.differences(place, {"a": WEB})
    check("a namespace and what is in it are to be made", good={each.action for each in first} == {"create"})
    await service.apply(place, {"a": WEB})
    again = await service.differences(place, {"a": WEB})
    check("the same again changes nothing", good={each.action for each in again} == {"same"})
    other = await service.differences(place, {"a": WEB.replace("shop:1", "shop:2")})
    check("a changed image is the only difference", good=[each.title for each in other if each.action == "change"]
          == ["Deployment/web"])  # fmt: skip
    await service.scale(place, "deploy/web", 3)
    pods = await until(lambda: _pods(service, place, 3))
    check("scaled to three pods", good=len(pods) == 3)
    await service.apply(place, {"a": WEB.replace("shop:1", "shop:2")}, force=True)
    await until(lambda: _revision(service, place, "2"))
    await service.restart(place, "deploy/web")
    await until(lambda: _revision(service, place, "3"))
    check("brought back to the revision before", good=await service.undo(place, "deploy/web") == 2)
    for text, told in ((WEB.replace("replicas: 2", "replicas: -2"), "-2"), (WEB.replace("image:", "imgae:"), "imgae")):
        try:
            await service.apply(place, {"a": text}, force=True)
            check("a wrong manifest is refused", good=False, note=told)
        except InvalidRequest as error:
            check("a wrong manifest is refused", good=told in str(error), note=told)


async def _pods(service: ClusterService, place: ClusterPlace, count: int) -> list[dict[str, Any]]:
    found = list(await service.get(place, "pods", selector="app=web"))
    return found if len(found) == count else []


async def _revision(service: ClusterService, place: ClusterPlace, wanted: str) -> bool:
    (web,) = await service.get(place, "deploy", "web")
    return bool(web["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision") == wanted)


async def inside(service: ClusterService, place: ClusterPlace) -> None:
    await until(lambda: service.get(place, "pods", selector="app=web"))
    lines = [each async for each in service.logs(place, ClusterLogs(target="deploy/web"))]
    told = {each.pod for each in lines if f"{each.pod} says" in each.text}
    check("logs of all pods of a deployment", good=len(told) > 1, note=len(told))
    session = await service.exec(place, ClusterExecRequest(target="deploy/web", command=("echo", "a b")))
    said = await session.read()
    rest = await session.read()
    code = await session.exit_code()
    await session.close()
    check("a command in a pod", good=(said, rest, code) == (("stdout", b"echo a b"), None, 3), note=(said, code))
    made = await service.forward(place, "deploy/web", 80)
    reader, writer = await asyncio.open_connection("127.0.0.1", made.local_port)
    writer.write(b"here")
    answer = await reader.read()
    writer.close()
    check("a port into a pod", good=answer == b"echo here", note=answer)
    await service.stop_forward(made.id)


STATE = """
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: app, image: "shop:{tag}"}}]}}}}
"""


async def brought_back(service: ClusterService, place: ClusterPlace) -> None:
    """By controller revisions, and by the state that was kept."""
    for kind, name in (("StatefulSet", "db"), ("DaemonSet", "agent")):
        service_name = "  serviceName: db\n" if kind == "StatefulSet" else ""
        for number in (1, 2):
            text = STATE.format(kind=kind, name=name, tag=number) + service_name
            await service.apply(place, {"a": text}, force=True)
            await until(lambda name=name, number=number: _revisions(service, place, name, number))  # type: ignore[misc]
        given = await service.undo(place, f"{kind}/{name}")
        (found,) = await service.get(place, kind, name)
        image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        check(f"a {kind} is brought back", good=(given, image) == (1, "shop:1"), note=(given, image))
    words = WEB.rpartition("---")[2]
    await service.apply(place, {"a": words.replace("cheap", "dear")})
    await service.undo(place, "configmaps/words")
    (found,) = await service.get(place, "configmaps", "words")
    check("a config map is brought back", good=found["data"]["motto"] == "cheap", note=found["data"])
    made = {"a": words.replace("name: words", "name: fresh")}
    await service.apply(place, made)
    await service.put_back(place, made)
    names = [each["metadata"]["name"] for each in await service.get(place, "configmaps")]
    check("what an apply made is gone after its undo", good="fresh" not in names and "words" in names, note=names)


async def _revisions(service: ClusterService, place: ClusterPlace, name: str, count: int) -> bool:
    found = await service.get(place, "controllerrevisions")
    mine = [each for each in found if each["metadata"]["ownerReferences"][0]["name"] == name]
    return len(mine) == count


async def kubectl(workshop: Workshop, config: Path) -> None:
    """Kubernetes' own client reads what is exported, and the server tries it."""
    program = workshop.fetch_kubectl()
    with tempfile.TemporaryDirectory(prefix="wherry-kubectl-") as name:
        texts = export_files([("web", recipe_of(FULL)), ("plain", {"image": "busybox"})], "kubernetes")
        for file, text in texts.items():
            Path(name, file).write_text(text)
        call = [str(program), "--kubeconfig", str(config), "apply", "--server-side", "--dry-run=server", "-f", name]
        child = await asyncio.create_subprocess_exec(
            *call, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": name},
        )  # fmt: skip
        told = (await child.communicate())[0].decode().strip()
        good = child.returncode == 0 and told.count("server dry run") >= len(texts)
        check("kubectl and the server take what is exported", good=good, note=told[-600:])


async def refused(service: ClusterService, place: ClusterPlace) -> None:
    nobody = ClusterPlace(files=place.files, context="nobody", namespace="shop")
    try:
        await service.get(nobody, "pods")
        check("a stranger sees nothing", good=False)
    except ClusterError as error:
        check("a stranger sees nothing", good=error.code.value == "forbidden", note=error.title)
    reasons = await service.forbidden(nobody, "list", ["pods", "secrets", "nosuchkind"])
    check("a stranger is told before", good=set(reasons) == {"pods", "secrets"}, note=reasons)
    check("the owner may", good=not await service.forbidden(place, "list", ["pods", "secrets"]))


async def many(service: ClusterService, place: ClusterPlace) -> None:
    """Two thousand pods watched, ten of them changing every second."""
    crowd = ClusterPlace(files=place.files, namespace="default")
    for start in range(0, _PODS, 100):
        text = "---\n".join(_pod(number) for number in range(start, start + 100))
        await service.apply(crowd, {"a": text})
    seen: dict[str, tuple[Any, ClusterRow]] = {}
    lists = 0

    async def read() -> None:
        """As the window does, which keeps rows."""
        nonlocal lists
        async with aclosing(service.watch(crowd, "pods")) as changes:  # type: ignore[type-var]
            async for change in changes:
                lists += change.kind == "all"
                for each in change.objects:
                    seen[each["metadata"]["name"]] = (each["metadata"].get("labels"), row_of(each, "pods", ""))

    watching = asyncio.create_task(read())
    begun = time.monotonic()
    await until(lambda: _is(len(seen) == _PODS))
    check(f"{_PODS} pods listed", good=True, note=f"{time.monotonic() - begun:.2f} s")
    changer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cluster.changing", str(place.files[0]), str(_PODS), str(_CHANGES)
    )
    before, started = _cpu(), time.monotonic()
    await asyncio.sleep(_WATCHED_SECONDS)
    spent = (_cpu() - before) / (time.monotonic() - started)
    changer.terminate()
    await changer.wait()
    changed = sum("touched" in (labels or {}) for labels, _ in seen.values())
    note = f"{spent:.2%} of a core with {changed} changes in {_WATCHED_SECONDS:.0f} s"
    check("watching them", good=spent <= 0.02 and changed > 0 and lists == 1, note=note)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def _is(value: bool) -> bool:
    return value


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _pod(number: int) -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\n"
        "spec: {nodeName: elsewhere, containers: [{name: a, image: busybox}]}\n"
    )


def quadlet(workshop: Workshop) -> None:
    workshop.fetch_quadlet()
    with tempfile.TemporaryDirectory(prefix="wherry-quadlet-") as name:
        for form in ("quadlet", "systemd"):
            for file, text in export_files([("web", recipe_of(FULL))], form).items():
                Path(name, file).write_text(text)
        call = [str(workshop.quadlet), "-user", "-dryrun"]
        done = subprocess.run(
            call, env={**os.environ, "QUADLET_UNIT_DIRS": name}, capture_output=True, text=True, check=False
        )
        good = done.returncode == 0 and "unsupported key" not in done.stderr and "--memory=64m" in done.stdout
        told = "" if good else done.stderr[-300:]
        check("Quadlet's generator of podman 5 takes what is exported", good=good, note=told)
        if not os.environ.get("XDG_RUNTIME_DIR"):
            os.environ["XDG_RUNTIME_DIR"] = name
        units = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(Path(name, "web.service"))],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        complaints = [line for line in units.stderr.splitlines() if "is not executable" not in line]
        check("systemd takes the unit", good=not complaints, note=complaints or "")


async def on_a_cluster(workshop: Workshop) -> None:
    workshop.build()
    async with serve(workshop) as config:
        service, place = ClusterService(), ClusterPlace(files=(str(config),), namespace="shop")
        connection = (await service._cluster(place)).connection
        await connection.ask("POST", "/api/v1/nodes", body=node())
        try:
            for part in (changing, inside, brought_back, refused, many):
                await part(service, place)
            await kubectl(workshop, config)
            gone = await service.delete_files(place, {"a": WEB})
            check("what was applied is deleted", good=len(gone) == 3)
        finally:
            await service.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wherry-cluster")
    parser.add_argument("--only", choices=("quadlet", "cluster"))
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(given.cache)
    try:
        if given.only != "cluster":
            quadlet(workshop)
        if given.only != "quadlet":
            asyncio.run(on_a_cluster(workshop))
    except WherryError as error:
        check(f"{error} {error.details}", good=False)


if __name__ == "__main__":
    main()
