"""What the facade's data say of themselves."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from engine.types.attestations import Attestation, in_toto
from engine.types.builds import Build, BuildImage
from engine.types.clusters import ClusterKind
from engine.types.containers import Action, Container, ContainerSpec, StartTiming, State
from engine.types.data import LabelRule, Platform, now
from engine.types.disk import DiskPart, DiskUsage
from engine.types.logs import is_merged, merged_members, merged_name
from engine.types.machines import Capabilities, Moved, MovePart, MovePlan
from engine.types.networks import NameQuestion, Network
from tests.fakes.world import make_image


@pytest.mark.parametrize(
    ("wanted", "unwanted", "allowed"),
    [
        ({}, {}, True), ({"a": ""}, {}, True), ({"a": "1"}, {}, True), ({"a": "2"}, {}, False), ({"b": ""}, {}, False),
        ({"a": "1", "b": ""}, {}, False), ({}, {"a": ""}, False), ({}, {"a": "1"}, False), ({}, {"a": "2"}, True),
        ({}, {"b": "", "a": "1"}, False), ({"a": ""}, {"a": "1"}, False),
    ],
)  # fmt: skip
def test_which_labels_a_rule_allows(wanted: dict[str, str], unwanted: dict[str, str], *, allowed: bool) -> None:
    assert LabelRule(wanted=wanted, unwanted=unwanted).allows({"a": "1", "c": "3"}) is allowed


def test_a_platform_in_a_word() -> None:
    assert str(Platform(os="linux", architecture="arm64", variant="v8")) == "linux/arm64/v8"
    assert str(Platform(os="linux", architecture="amd64")) == "linux/amd64"


def test_logs_of_several_have_one_name() -> None:
    assert is_merged(merged_name(["b", "a"]))
    assert set(merged_members(merged_name(["b", "a"]))) == {"a", "b"}
    assert (is_merged("a"), merged_members("a")) == (False, ["a"])


def test_what_a_machine_cannot_do_by_the_first_reason() -> None:
    told = Capabilities(lacks={"a.b": "first", "c.d": "second"})
    assert [told.why_not("x.y"), told.why_not("c.d", "a.b"), told.why_not("x.y", "a.b")] == ["", "second", "first"]


def test_a_plan_counts_what_is_not_there() -> None:
    parts = (MovePart(kind="image", name="a", size=5, there=True), MovePart(kind="volume", name="b", size=7))
    assert MovePlan(request=Moved(kind="image", name="a"), parts=parts).bytes == 7


def test_parts_of_the_disk() -> None:
    usage = DiskUsage(parts=(DiskPart(id="logs", bytes=2), DiskPart(id="images", bytes=5)), disk_free=1)
    assert (usage.bytes, usage.part("images").bytes) == (7, 5)


def test_what_an_interface_is_called_inside() -> None:
    image = make_image("a:1")
    made = Network(id="0123456789", name="x", driver="bridge", created=image.created)  # type: ignore[arg-type]
    assert made.interface == "net01234567"
    for driver in ("host", "null"):
        other = Network(id="0123456789", name="x", driver=driver, created=image.created)  # type: ignore[arg-type]
        assert other.interface == ""


@pytest.mark.parametrize(
    ("verdict", "addresses", "is_place"),
    [("refused", ("1.1.1.1",), True), ("refused", (), False), ("asked", ("x",), False)],
)
def test_a_place_that_was_tried(verdict: str, addresses: tuple[str, ...], *, is_place: bool) -> None:
    found = NameQuestion(
        time_ns=1,
        container_id="c",
        container="c",
        network="n",
        name="x",
        kind="A",
        verdict=verdict,
        addresses=addresses,
    )
    assert found.is_place is is_place


def test_spans_of_a_start() -> None:
    timing = StartTiming(steps=(("mount", 2.0), ("network", 3.0)), begun=(0.0, 1.0))
    assert timing.spans == (("mount", 0.0, 2.0), ("network", 1.0, 3.0))
    assert timing.total_ms == 4.0
    assert StartTiming().total_ms == 0.0
    # Of an older engine, which told no beginnings: one after the other.
    older = StartTiming(steps=(("mount", 2.0), ("network", 3.0)))
    assert (older.spans, older.total_ms) == ((("mount", 0.0, 2.0), ("network", 2.0, 3.0)), 5.0)


def test_a_kind_of_a_cluster_and_its_paths() -> None:
    core = ClusterKind(kind="Pod", plural="pods", group="", version="v1", namespaced=True)
    apps = ClusterKind(kind="Deployment", plural="deployments", group="apps", version="v1", namespaced=True)
    assert (core.api_version, apps.api_version) == ("v1", "apps/v1")
    assert (core.base, apps.base) == ("/api/v1", "/apis/apps/v1")


def test_an_attestation_names_what_it_is_about() -> None:
    made = Attestation(predicate_type="https://slsa.dev/provenance/v0.2", predicate=b'{"a":1}')
    assert json.loads(in_toto(made, [("shop", "abc")])) == {
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "shop", "digest": {"sha256": "abc"}}], "predicate": {"a": 1},
    }  # fmt: skip


def test_what_a_build_is_known_by() -> None:
    build = Build(id="b", context="/src", dockerfile="Dockerfile", started=now(), tags=("a:1", "b:2"))
    assert (build.subject, build.is_sent) == ("a:1, b:2", False)
    assert replace(build, tags=()).subject == "/src"
    sent = replace(build, tags=(), request=BuildImage(filtered=True))
    assert (sent.subject, sent.is_sent) == ("Dockerfile", True), "a client's directory has a name that says nothing"
    assert not replace(sent, request=BuildImage()).is_sent
    assert replace(build, tags=(), context="").subject == "Dockerfile"


def test_what_may_be_done_in_each_state() -> None:
    web = Container(id="c", name="web", image_id="i", image="a", spec=ContainerSpec(image="a"), command_line=(),
                    state=State.RUNNING, created=now())  # fmt: skip
    assert {Action.STOP, Action.PAUSE} <= web.legal_actions
    assert Action.START not in web.legal_actions
    assert Action.START in replace(web, state=State.EXITED).legal_actions
