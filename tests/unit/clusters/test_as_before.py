"""Objects of a cluster as they were before; what one may do there; and who one is."""

from __future__ import annotations

import json
import os
import stat
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from engine.clusters.applying import read_objects, shown
from engine.clusters.cluster_service import ClusterService
from engine.clusters.credentials import Credentials
from engine.clusters.discovery import _means, _of_list
from engine.clusters.former import FormerStates
from engine.clusters.kubeconfig import Access, ExecPlugin
from engine.clusters.reviews import forbidden
from engine.errors import ClusterError, Code, InvalidRequest, NotFound
from engine.types.clusters import ClusterKind
from tests.unit.clusters.test_clusters import cluster, place

if TYPE_CHECKING:
    from pathlib import Path

    from engine.types.clusters import ClusterPlace
    from tests.support.api_server import StandInCluster


__all__ = ["cluster", "place"]


@pytest.fixture
async def service(tmp_path: Path) -> Any:
    made = ClusterService(tmp_path / "former")
    yield made
    await made.close()


def config_map(name: str, value: str, kind: str = "ConfigMap") -> str:
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": {"a": value}})


# --- as it was before ---


async def test_what_was_applied_from_here_is_put_back(
    service: ClusterService, cluster: StandInCluster, place: ClusterPlace
) -> None:
    cluster.put("configmaps", {"metadata": {"name": "old"}, "data": {"a": "before"}})
    texts = {"f.yml": f"{config_map('old', 'after')}\n---\n{config_map('new', 'x')}"}
    assert list(await service.apply(place, texts)) == ["ConfigMap/old", "ConfigMap/new"]
    assert cluster.objects["configmaps", "default", "old"]["data"] == {"a": "after"}
    assert list(await service.put_back(place, texts)) == ["ConfigMap/new", "ConfigMap/old"]
    assert cluster.objects["configmaps", "default", "old"]["data"] == {"a": "before"}
    assert ("configmaps", "default", "new") not in cluster.objects
    # And back again: the last word is kept too.
    await service.put_back(place, texts)
    assert cluster.objects["configmaps", "default", "old"]["data"] == {"a": "after"}
    assert cluster.objects["configmaps", "default", "new"]["data"] == {"a": "x"}


async def test_what_was_never_applied_from_here_has_no_earlier_state(
    service: ClusterService, cluster: StandInCluster, place: ClusterPlace
) -> None:
    cluster.put("configmaps", {"metadata": {"name": "old"}, "data": {"a": "before"}})
    with pytest.raises(NotFound, match="There is no earlier state of ConfigMap/old") as none:
        await service.put_back(place, {"f.yml": config_map("old", "x")})
    assert none.value.subject == "old"
    assert cluster.objects["configmaps", "default", "old"]["data"] == {"a": "before"}


async def test_a_namespace_that_comes_with_the_files_is_tried_as_it_is(
    service: ClusterService, cluster: StandInCluster, place: ClusterPlace
) -> None:
    inside = json.loads(config_map("c", "x"))
    inside["metadata"]["namespace"] = "fresh"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fresh"}}
    texts = {"f.yml": f"{json.dumps(inside)}\n---\n{json.dumps(space)}"}
    found = {each.title: each for each in await service.differences(place, texts)}
    assert list(found) == ["Namespace/fresh", "ConfigMap/c"], "what others stand on comes first"
    assert (found["ConfigMap/c"].action, found["ConfigMap/c"].namespace, found["Namespace/fresh"].namespace) == (
        "create", "fresh", "",
    )  # fmt: skip
    assert "+  a: x" in found["ConfigMap/c"].diff
    assert not [each for each in cluster.asked if "dryRun" in each and "configmaps" in each]


async def test_what_is_gone_already_is_not_deleted_twice(
    service: ClusterService, cluster: StandInCluster, place: ClusterPlace
) -> None:
    cluster.put("configmaps", {"metadata": {"name": "a"}})
    texts = {"f.yml": f"{config_map('a', 'x')}\n---\n{config_map('b', 'x')}"}
    assert list(await service.delete_files(place, texts)) == ["ConfigMap/a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "needs apiVersion and kind"), ("{kind: Pod}", "needs apiVersion and kind"),
        ("{apiVersion: v1, kind: 5}", "needs apiVersion and kind"),
        ("{apiVersion: v1, kind: Pod}", "a Pod has no name"),
        ("{apiVersion: v1, kind: Pod, metadata: {}}", "f.yml: a Pod has no name"), ("a: [", "cannot be used"),
    ],
)  # fmt: skip
def test_what_is_no_object(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read_objects({"f.yml": text})


def test_lists_are_taken_apart_and_what_others_stand_on_comes_first() -> None:
    kinds = ["Deployment", "Service", "ConfigMap", "Namespace", "Secret", "PersistentVolumeClaim", "ServiceAccount",
             "CustomResourceDefinition", "Ingress"]  # fmt: skip
    items = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}} for kind in kinds]
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    assert [each["kind"] for each in read_objects({"a": "---\n", "b": whole})] == [
        "Namespace", "CustomResourceDefinition", "ServiceAccount", "Secret", "ConfigMap", "PersistentVolumeClaim",
        "Service", "Deployment", "Ingress",
    ]  # fmt: skip


def test_what_only_the_cluster_writes_is_not_shown() -> None:
    about = dict.fromkeys(("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"), 1)
    found = {"kind": "Pod", "metadata": {**about, "name": "x"}, "spec": 1, "status": 2}
    assert shown(found) == {"kind": "Pod", "metadata": {"name": "x"}, "spec": 1}


# --- what is kept of it ---


def test_earlier_states_are_files_of_their_owner_and_secrets_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "former"
    kept = FormerStates(folder)
    assert kept.known("s", "/a") == (False, None)
    kept.keep("s", "/a", {"kind": "Pod", "a": 1})
    kept.keep("s", "/none", None)
    kept.keep("s", "/secret", {"kind": "Secret", "data": "x"})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert len(os.listdir(folder)) == 2
    assert kept.known("s", "/a") == (True, {"kind": "Pod", "a": 1})
    assert kept.known("other", "/a") == (False, None)
    assert kept.known("s", "/secret") == (True, {"kind": "Secret", "data": "x"})
    later = FormerStates(folder)
    assert [later.known("s", path) for path in ("/a", "/none", "/secret")] == [
        (True, {"kind": "Pod", "a": 1}), (True, None), (False, None),
    ]  # fmt: skip
    # What is no secret any more is written down.
    kept.keep("s", "/secret", {"kind": "ConfigMap"})
    assert FormerStates(folder).known("s", "/secret") == (True, {"kind": "ConfigMap"})
    assert kept.known("s", "/secret") == (True, {"kind": "ConfigMap"})
    held = FormerStates(None)
    held.keep("s", "/a", {"kind": "Pod"})
    held.keep("s", "/b", None)
    assert (held.known("s", "/a"), held.known("s", "/b"), held.known("s", "/c")) == (
        (True, {"kind": "Pod"}), (True, None), (False, None),
    )  # fmt: skip


def test_the_oldest_of_many_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.clusters.former._MOST", 2)
    kept = FormerStates(tmp_path)
    for at, path in enumerate(("/a", "/b", "/c")):
        kept.keep("s", path, {"at": at})
        for file in tmp_path.iterdir():
            if json.loads(file.read_text()) == {"at": at}:
                os.utime(file, (at, at))
    assert [kept.known("s", path)[0] for path in ("/a", "/b", "/c")] == [False, True, True]


# --- what one may do ---


class Answering:
    """A connection and the kinds there, of which one is not."""

    def __init__(self, status: Any) -> None:
        self.status = status
        self.asked: list[Any] = []

    async def ask(self, method: str, path: str, *, body: Any, what: str) -> Any:
        assert (method, path) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        assert what == path
        self.asked.append(body)
        if self.status is None:
            raise ClusterError("away")
        return {"status": self.status}

    async def find(self, word: str) -> ClusterKind:
        if word == "comet":
            raise NotFound("none")
        return ClusterKind(kind="X", plural=word, group="g", version="v1", namespaced=word != "nodes")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"allowed": True}, {}), ({}, {}), (None, {}),
        ({"allowed": False}, {"pods": "You may not delete pods in shop.", "nodes": "You may not delete nodes."}),
        ({"allowed": False, "reason": "no"}, {"pods": "no", "nodes": "no"}),
    ],
)  # fmt: skip
async def test_what_one_may_not_do_is_said_before(status: Any, expected: dict[str, str]) -> None:
    answering: Any = Answering(status)
    assert await forbidden(answering, answering, "shop", "delete", ["pods", "comet", "nodes"]) == expected
    wishes = [each["spec"]["resourceAttributes"] for each in answering.asked]
    assert wishes == [
        {"verb": "delete", "group": "g", "resource": "pods", "namespace": "shop"},
        {"verb": "delete", "group": "g", "resource": "nodes"},
    ]
    assert answering.asked[0]["kind"] == "SelfSubjectAccessReview"
    assert answering.asked[0]["apiVersion"] == "authorization.k8s.io/v1"


# --- who one is ---


def access(**more: Any) -> Access:
    return Access(context="c", server="https://s", namespace="n", **more)


async def test_a_token_in_a_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(" first\n")
    mine = Credentials(access(token_file=str(file)), {})
    assert mine.may_have_newer
    assert await mine.headers() == {"Authorization": "Bearer first"}
    file.write_text("second")
    assert await mine.headers() == {"Authorization": "Bearer first"}
    mine.refused()
    assert await mine.headers() == {"Authorization": "Bearer second"}
    file.write_text("third")
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 61)
    assert await mine.headers() == {"Authorization": "Bearer third"}
    with pytest.raises(ClusterError, match="token's file cannot be read") as gone:
        await Credentials(access(token_file=str(tmp_path / "no")), {}).headers()
    assert (gone.value.code, gone.value.explanation) == (
        Code.UNAUTHORIZED, f"{tmp_path}/no: No such file or directory",
    )  # fmt: skip


async def test_a_name_with_a_password_a_token_and_nothing() -> None:
    assert await Credentials(access(user="me", password="p"), {}).headers() == {"Authorization": "Basic bWU6cA=="}
    assert await Credentials(access(token="t", user="me"), {}).headers() == {"Authorization": "Bearer t"}
    nobody = Credentials(access(), {})
    assert (await nobody.headers(), nobody.may_have_newer) == ({}, False)


def plugged(tmp_path: Path, script: str, **more: Any) -> Credentials:
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    plugin = ExecPlugin(command=str(program), arguments=("x",), environment={"E": "v"}, hint="get it",
                    version="client.authentication.k8s.io/v1", **more)  # fmt: skip
    return Credentials(access(plugin=plugin), {"PATH": "/usr/bin:/bin"})


async def test_a_plugin_is_asked_and_again_before_its_word_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = (datetime.now(UTC) + timedelta(seconds=100)).isoformat()
    script = f'''echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo "$1 $E" >> {tmp_path}/asked
echo '{{"status": {{"token": "t", "expirationTimestamp": "{ends}"}}}}\''''
    mine = plugged(tmp_path, script, wants_cluster=True)
    assert await mine.headers() == await mine.headers() == {"Authorization": "Bearer t"}
    assert (tmp_path / "asked").read_text() == "x v\n"
    assert json.loads((tmp_path / "info").read_text()) == {
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://s"}},
    }  # fmt: skip
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 75)
    await mine.headers()
    assert (tmp_path / "asked").read_text() == "x v\n" * 2, "half a minute before"
    assert mine.may_have_newer


async def test_a_plugin_that_gives_nothing_says_so(tmp_path: Path) -> None:
    for script in ("exit 1", "echo no json", "echo '{}'", "echo '[]'"):
        with pytest.raises(ClusterError, match="gave no credentials") as failed:
            await plugged(tmp_path, script).headers()
        assert (failed.value.code, failed.value.hint) == (Code.UNAUTHORIZED, "get it")
    assert await plugged(tmp_path, """echo '{"status": {}}'""").headers() == {}


async def test_in_the_clear_there_is_nothing_to_show() -> None:
    plain = Credentials(Access(context="c", server="http://s", namespace="n"), {})
    assert await plain.tls() is True
    context = await Credentials(access(insecure=True), {}).tls()
    assert not isinstance(context, bool)
    assert (context.check_hostname, context.verify_mode) == (False, 0)
    strict = await Credentials(access(), {}).tls()
    assert not isinstance(strict, bool)
    assert strict.check_hostname


# --- kinds ---


def test_kinds_in_two_answers_and_what_means_them() -> None:
    answer = {
        "items": [
            {
                "metadata": {"name": "apps"},
                "versions": [
                    {
                        "version": "v1",
                        "resources": [
                            {"resource": "deployments", "responseKind": {"kind": "Deployment"}, "scope": "Namespaced",
                             "shortNames": ["deploy"], "verbs": ["get"]},
                            {"resource": "nodes", "responseKind": {"kind": "Node"}, "scope": "Cluster"},
                        ],
                    }
                ],
            },
            {"versions": None},
        ]
    }  # fmt: skip
    first, second = _of_list(answer)
    assert first == ClusterKind(
        kind="Deployment", plural="deployments", group="apps", version="v1", namespaced=True, short_names=("deploy",),
        verbs=("get",),
    )  # fmt: skip
    assert (second.namespaced, second.short_names, second.verbs) == (False, (), ())
    words = ("deployments", "deployment", "deploy", "deployments.apps", "deployments.other", "dep")
    assert [_means(first, word) for word in words] == [True, True, True, True, False, False]
