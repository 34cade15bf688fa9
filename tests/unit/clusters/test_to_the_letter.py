"""What a cluster says, as this program's words: refusals, how far a rollout is, kinds, and what a kubeconfig names."""

from __future__ import annotations

import asyncio
import os
import tarfile
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.clusters import copying
from engine.clusters.discovery import Kinds
from engine.clusters.faults import TooOld, refusal
from engine.clusters.former import FormerStates
from engine.clusters.kubeconfig import Access, ExecPlugin, KubeConfig, files_of, load
from engine.clusters.rollouts import rollout_of
from engine.errors import ClusterError, Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.types.clusters import ClusterContext, ClusterKind, Rollout

if TYPE_CHECKING:
    from pathlib import Path

    from engine.clusters.connection import Connection

# --- refusals ---

CAUSES = {"causes": [{"field": "spec.replicas", "message": "must be positive"}, {"message": "too many"}]}
CAUSES_TOLD = "spec.replicas: must be positive\n: too many"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {"message": " gone "}, (ClusterError, Code.UNAUTHORIZED, "The cluster does not know you, or no longer",
                                      "gone", "Log in again with the tool the kubeconfig names.", "")),
        (403, {"message": "no"}, (ClusterError, Code.FORBIDDEN, "You may not do that here: pods", "no", "", "")),
        (404, {"message": "no"}, (NotFound, Code.NOT_FOUND, "pods is not there", "no", "", "")),
        (409, {"message": "changed", "details": CAUSES}, (Conflict, Code.IN_USE, "pods: changed", "", "", CAUSES_TOLD)),
        (400, {"message": "bad"}, (InvalidRequest, Code.INVALID, "The cluster does not take pods", "bad", "", "")),
        (422, {"message": "bad", "details": CAUSES},
         (InvalidRequest, Code.INVALID, "The cluster does not take pods", "bad", "", CAUSES_TOLD)),
        (500, {"message": "no typed patch object"},
         (InvalidRequest, Code.INVALID, "The cluster does not take pods", "no typed patch object", "", "")),
        (429, {},
         (ClusterError, Code.RATE_LIMITED, "The cluster asks for patience", "the cluster answered 429", "", "")),
        (503, {"message": "", "details": "odd"},
         (ClusterError, Code.BAD_RESPONSE, "pods: the cluster answered 503", "", "", "")),
        (500, {"details": CAUSES},
         (ClusterError, Code.BAD_RESPONSE, "pods: the cluster answered 500", "", "", CAUSES_TOLD)),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_words(status: int, body: dict[str, Any], told: tuple[object, ...]) -> None:
    error = refusal(status, body, "pods")
    assert (type(error), error.code, error.title, error.explanation, error.hint, error.details) == told
    assert error.subject == "pods"


def test_what_was_forgotten_is_told_of_what_it_was() -> None:
    error = TooOld("pods")
    assert (error.code, error.subject) == (Code.BAD_RESPONSE, "pods")


# --- rollouts ---


def rollout(kind: str, status: dict[str, Any], generation: int = 2, **spec: Any) -> tuple[bool, bool, str]:
    found = {"kind": kind, "metadata": {"name": "n", "generation": generation}, "spec": spec, "status": status}
    told = rollout_of(found)
    assert told.name == "n"
    return told.done, told.failed, told.message


SEEN = {"observedGeneration": 2}


@pytest.mark.parametrize(
    ("kind", "status", "spec", "told"),
    [
        ("Deployment", {}, {}, (False, False, "The cluster has not seen the change yet")),
        ("Deployment", SEEN, {}, (False, False, "0 of 1 new pods are made")),
        ("Deployment", {**SEEN, "updatedReplicas": 2, "replicas": 3}, {"replicas": 2},
         (False, False, "1 old pods are still to end")),
        ("StatefulSet", {**SEEN, "updatedReplicas": 2, "replicas": 3, "readyReplicas": 1}, {"replicas": 2},
         (False, False, "1 of 2 pods are ready")),
        ("Deployment", {**SEEN, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 1}, {"replicas": 2},
         (False, False, "1 of 2 pods are ready")),
        ("Deployment", {**SEEN, "updatedReplicas": 2, "availableReplicas": 2}, {"replicas": 2},
         (True, False, "2 of 2 pods are ready")),
        ("DaemonSet", SEEN, {"replicas": 9}, (True, False, "0 of 0 pods are ready")),
        ("DaemonSet", {**SEEN, "desiredNumberScheduled": 3, "updatedNumberScheduled": 2}, {},
         (False, False, "2 of 3 new pods are made")),
        ("DaemonSet", {**SEEN, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}, {},
         (False, False, "2 of 3 pods are ready")),
        ("Deployment", {**SEEN, "conditions": [{"type": "Available"}, {"type": "Progressing", "reason": "Other"}, {
            "type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no pods"}]}, {},
         (False, True, "no pods")),
        ("Deployment", {**SEEN, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}, {},
         (False, True, "It took too long")),
    ],
)  # fmt: skip
def test_how_far_it_is_is_said_as_kubectl_counts(
    kind: str, status: dict[str, Any], spec: dict[str, Any], told: tuple[bool, bool, str]
) -> None:
    assert rollout(kind, status, **spec) == told


def test_an_object_that_was_never_changed_has_been_seen() -> None:
    assert rollout_of({"kind": "DaemonSet", "metadata": {"name": "n"}}) == Rollout(
        name="n", done=True, message="0 of 0 pods are ready"
    )


# --- kinds ---


class Answers:
    """A cluster that says what it is to say, and is asked for nothing else."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def get(self, path: str, **_: object) -> Any:
        self.asked.append(path)
        found = self.answers.get(path.strip("/").replace("/", "_").replace(".", "_"), NotFound("no"))
        if isinstance(found, Exception):
            raise found
        return found


def kinds(**answers: Any) -> tuple[Kinds, Answers]:
    made = Answers(**answers)
    return Kinds(cast("Connection", made)), made


POD = {"name": "pods", "kind": "Pod", "namespaced": True, "shortNames": ["po"], "verbs": ["list"]}


async def test_an_older_cluster_is_asked_for_each_part_and_the_preferred_version_comes_first() -> None:
    groups = {"groups": [{"name": "apps", "preferredVersion": {"version": "v1"},
                          "versions": [{"version": "v1beta1"}, {"version": "v1"}]}]}  # fmt: skip
    deployment = {"name": "deployments", "kind": "Deployment"}
    found, cluster = kinds(
        api={"versions": ["v1"]}, apis=groups, api_v1={"resources": [POD, {"name": "pods/log", "kind": "Pod"}]},
        apis_apps_v1={"resources": [deployment]}, apis_apps_v1beta1={"resources": [deployment]},
    )  # fmt: skip
    assert await found.all() == [
        ClusterKind(kind="Pod", plural="pods", group="", version="v1", namespaced=True, short_names=("po",),
                    verbs=("list",)),
        ClusterKind(kind="Deployment", plural="deployments", group="apps", version="v1", namespaced=False),
        ClusterKind(kind="Deployment", plural="deployments", group="apps", version="v1beta1", namespaced=False),
    ]  # fmt: skip
    assert cluster.asked == ["/api", "/apis", "/api/v1", "/apis/apps/v1", "/apis/apps/v1beta1"]
    for word in ("pods", "POD", "po", "pods."):
        assert (await found.find(word)).plural == "pods"
    assert (await found.find("deployments.apps", "apps/v1beta1")).version == "v1beta1"
    assert len(cluster.asked) == 5, "it is asked once"


async def test_a_word_that_means_nothing_is_asked_again_and_told_with_what_is_near() -> None:
    found, cluster = kinds(api={"versions": ["v1"]}, apis={}, api_v1={"resources": [POD]})
    with pytest.raises(NotFound) as refused:
        await found.find("pds", "apps/v1")
    assert (refused.value.title, refused.value.subject) == ("The cluster has no kind “pds” in apps/v1", "pds")
    assert "pods" in refused.value.hint
    assert cluster.asked == ["/api", "/apis", "/api/v1"] * 2
    with pytest.raises(NotFound, match=r"^The cluster has no kind “nothing”"):
        await found.find("nothing")


async def test_a_part_that_does_not_answer_is_named() -> None:
    groups = {"groups": [{"name": "metrics", "versions": [{"version": "v1"}]}]}
    found, _ = kinds(api={"versions": ["v1"]}, apis=groups, api_v1={}, apis_metrics_v1=ClusterError("away"))
    with pytest.raises(ClusterError) as refused:
        await found.find("nodemetrics")
    assert refused.value.title == "The cluster does not say whether it has “nodemetrics”"
    assert (refused.value.explanation, refused.value.code, refused.value.subject) == (
        "Parts of it do not answer: metrics/v1", Code.CONNECT, "nodemetrics",
    )  # fmt: skip


async def test_those_who_ask_side_by_side_get_one_answer() -> None:
    both = {"kind": "APIGroupDiscoveryList", "items": [{"versions": [{"version": "v1", "resources": [
        {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced", "shortNames": ["po"],
         "verbs": ["get"]}]}]}]}  # fmt: skip
    apps = {"items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v2", "resources": [
        {"resource": "things", "responseKind": {"kind": "Thing"}, "scope": "Cluster"}]}]}]}  # fmt: skip
    found, cluster = kinds(api=both, apis=apps)
    assert await asyncio.gather(found.all(), found.all()) == [await found.all()] * 2
    assert await found.all() == [
        ClusterKind(kind="Pod", plural="pods", group="", version="v1", namespaced=True, short_names=("po",),
                    verbs=("get",)),
        ClusterKind(kind="Thing", plural="things", group="apps", version="v2", namespaced=False),
    ]  # fmt: skip
    assert cluster.asked == ["/api", "/apis"]


# --- who is meant, and how to get in ---

CONFIG = """
current-context: work
clusters:
- name: a
  cluster: {server: "https://a.example/", certificate-authority: ca.pem, tls-server-name: inner, proxy-url: "http://p:1",
            insecure-skip-tls-verify: true}
- {name: b, cluster: {server: "ftp://b"}}
users:
- {name: me, user: {username: ada, password: secret, tokenFile: token, client-certificate-data: Q0VSVA==,
                    client-key-data: S0VZ}}
- name: plug
  user: {exec: {command: ./login, args: [a, 1], env: [{name: E, value: 2}], apiVersion: client/v9, installHint: get it,
                provideClusterInfo: true}}
- {name: plain, user: {exec: {command: login}}}
- {name: bad, user: {client-key-data: "%%"}}
contexts:
- {name: work, context: {cluster: a, user: me, namespace: shop}}
- {name: plugged, context: {cluster: a, user: plug}}
- {name: simple, context: {cluster: a, user: plain}}
- {name: nowhere, context: {cluster: b, user: me}}
- {name: broken, context: {cluster: a, user: bad}}
- {name: empty}
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> KubeConfig:
    (tmp_path / "ca.pem").write_text("CA")
    (tmp_path / "config").write_text(CONFIG)
    return load([str(tmp_path / "missing"), str(tmp_path / "config")])


def test_all_that_is_said_of_a_cluster_and_its_user_is_taken(kubeconfig: KubeConfig, tmp_path: Path) -> None:
    assert kubeconfig.access() == kubeconfig.access("work") == Access(
        context="work", server="https://a.example", namespace="shop", authority=b"CA", server_name="inner",
        insecure=True, proxy="http://p:1", certificate=b"CERT", key=b"KEY", token_file=str(tmp_path / "token"),
        user="ada", password="secret",
    )  # fmt: skip
    assert kubeconfig.access("plugged").plugin == ExecPlugin(
        command=f"{tmp_path}/./login", arguments=("a", "1"), environment={"E": "2"}, version="client/v9",
        hint="get it", wants_cluster=True,
    )  # fmt: skip
    simple = kubeconfig.access("simple")
    assert (simple.plugin, simple.namespace, simple.token_file) == (ExecPlugin(command="login"), "default", "")


def test_every_context_is_shown_with_what_is_wrong_with_it(kubeconfig: KubeConfig) -> None:
    shown = {each.name: each for each in kubeconfig.contexts()}
    assert list(shown) == sorted(shown)
    assert shown["work"] == ClusterContext(
        name="work", cluster="a", server="https://a.example/", user="me", namespace="shop", current=True
    )
    assert shown["simple"].namespace == "default"
    assert "The cluster of “nowhere” has no address" in shown["nowhere"].problem
    assert "client-key-data in the kubeconfig is not base64" in shown["broken"].problem
    assert (shown["empty"].cluster, shown["empty"].server, shown["empty"].user) == ("", "", "")
    assert "There is no cluster “None” in the kubeconfig" in shown["empty"].problem


def test_what_cannot_be_read_is_told(tmp_path: Path, kubeconfig: KubeConfig) -> None:
    with pytest.raises(NotFound, match="There is no context “other” in the kubeconfig") as unknown:
        kubeconfig.access("other")
    assert unknown.value.subject == "other"
    with pytest.raises(NotFound, match="No cluster is chosen"):
        KubeConfig().access()
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(InvalidRequest, match=r"ca\.pem, named in the kubeconfig, cannot be read") as missing:
        kubeconfig.access()
    assert missing.value.explanation == "No such file or directory"
    odd = tmp_path / "odd"
    for content, words in ((b"a: [", f"{odd} cannot be used"), (b"\xff", f"{odd} cannot be read")):
        odd.write_bytes(content)
        with pytest.raises(InvalidRequest, match=words) as refused:
            load([str(odd)])
        assert refused.value.subject == str(odd)
    odd.write_text("- just a list")
    assert load([str(odd)]).contexts() == []


def test_files_are_those_of_the_variable_or_of_the_home() -> None:
    assert files_of({"KUBECONFIG": "/a::/b"}, "/h") == ["/a", "/b"]
    assert files_of({"KUBECONFIG": ""}, "/h") == files_of({}, "/h") == ["/h/.kube/config"]


# --- earlier states, and copies ---


def test_an_earlier_state_is_kept_where_no_folder_was_yet(tmp_path: Path) -> None:
    states = FormerStates(tmp_path / "far" / "below")
    states.keep("s", "/a", {"kind": "Pod"})
    states.keep("s", "/b", None)
    again = FormerStates(tmp_path / "far" / "below")
    assert again.known("s", "/a") == (True, {"kind": "Pod"})
    assert again.known("s", "/b") == (True, None)
    assert again.known("t", "/a") == (False, None)
    assert (tmp_path / "far" / "below").stat().st_mode & 0o777 == 0o700
    in_memory = FormerStates(None)
    in_memory.keep("s", "/a", {"kind": "Pod"})
    assert in_memory.known("s", "/a") == (True, {"kind": "Pod"})
    assert in_memory.known("s", "/b") == (False, None)


def test_an_archive_is_as_large_as_was_said(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "b" / "c").mkdir(parents=True)
    (top / "a").write_text("a")
    (top / "b" / "c" / "d").write_text("d" * 600)
    entries, size = copying._measured(str(top), "named")
    assert [(name, os.path.relpath(place, top)) for place, name, _ in entries] == [
        ("named", "."), ("named/a", "a"), ("named/b", "b"), ("named/b/c", "b/c"), ("named/b/c/d", "b/c/d"),
    ]  # fmt: skip
    made = tmp_path / "made.tar"
    with tarfile.open(made, "w", format=tarfile.USTAR_FORMAT) as archive:
        archive.add(top, "named")
    assert 0 <= made.stat().st_size - size < 10_240, "but for what fills the last record"
    with pytest.raises(NotFound, match=r"There is no .*nothing"):
        copying._measured(str(tmp_path / "nothing"), "named")


def test_a_copy_lands_in_a_folder_or_under_a_new_name(tmp_path: Path) -> None:
    assert copying._landing(str(tmp_path)) == (str(tmp_path), None)
    assert copying._landing(str(tmp_path / "new")) == (str(tmp_path), "new")
    for target, told in (
        (f"{tmp_path}/new/", f"There is no folder {tmp_path}/new/"),
        (f"{tmp_path}/far/new", f"There is no folder {tmp_path}/far"),
    ):
        with pytest.raises(WherryError) as refused:
            copying._landing(target)
        assert (refused.value.title, refused.value.subject) == (told, target)
