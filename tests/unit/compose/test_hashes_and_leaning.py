"""Which containers a service lives in, and when a network or a volume is another one."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from engine.compose.planning.egress import egress_labels, egress_of
from engine.compose.planning.hashing import is_hash_of, network_hash, service_hash, volume_hash
from engine.compose.reading.leaning import leans_on, resolved
from engine.recipe.networks import EGRESS_LABEL
from tests.unit.compose.test_plan import project


@pytest.mark.parametrize(
    ("service", "others"),
    [
        ({}, set()),
        ({"network_mode": "service:gate", "ipc": "service:db", "pid": "host"}, {"gate", "db"}),
        ({"pid": "container:far", "volumes_from": ["db:ro", "web", "container:far:ro"]}, {"db", "web"}),
        ({"network_mode": None, "volumes_from": None}, set()),
    ],
)
def test_the_services_whose_containers_one_names(service: dict[str, Any], others: set[str]) -> None:
    assert leans_on(service) == others


def test_known_containers_stand_in_the_place_of_their_services() -> None:
    service = {"network_mode": "service:gate", "ipc": "service:other", "pid": "host",
               "volumes_from": ["db:ro", "new:rw", "container:far:ro"], "image": "x"}  # fmt: skip
    before = dict(service)
    assert resolved(service, {"gate": "1", "db": "2", "host": "3"}) == {
        "network_mode": "container:1", "ipc": "service:other", "pid": "host",
        "volumes_from": ["2", "new:rw", "far"], "image": "x",
    }  # fmt: skip
    assert service == before
    assert resolved({}, {"gate": "1"}) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"driver": "other"}, {"driver_opts": {"a": "b"}}, {"labels": {"a": "b"}}, {"external": True}, {"name": "m"},
    ],
)  # fmt: skip
def test_every_field_makes_another_network_and_another_volume(fields: dict[str, Any]) -> None:
    assert network_hash({"name": "n"}) != network_hash({"name": "n"} | fields)
    assert volume_hash({"name": "n"}) != volume_hash({"name": "n"} | fields)


@pytest.mark.parametrize(
    "fields", [{"internal": True}, {"attachable": True}, {"enable_ipv6": True}, {"ipam": {"driver": "d"}}]
)
def test_every_field_of_its_own_makes_another_network(fields: dict[str, Any]) -> None:
    assert network_hash({"name": "n"}) != network_hash({"name": "n"} | fields)


def test_what_says_nothing_makes_no_other() -> None:
    nothing = {"labels": {}, "external": False, "driver_opts": None}
    assert network_hash({"name": "n"}) == network_hash({"name": "n", "internal": False, "ipam": {}} | nothing)
    assert volume_hash({"name": "n"}) == volume_hash({"name": "n", "driver": "local"} | nothing)
    one = {"name": "n", "driver_opts": {"a": "1", "b": "2"}}
    other = {"driver_opts": {"b": "2", "a": "1"}, "name": "n"}
    assert (network_hash(one), volume_hash(one)) == (network_hash(other), volume_hash(other))


def test_what_may_be_reached_is_said_by_the_label_or_the_field() -> None:
    assert egress_of({}) == ""
    assert egress_of({"labels": {EGRESS_LABEL: "a.b"}}) == "a.b"
    assert egress_labels({}) == {}
    for said, label in ((["a.b ", "", "c"], "a.b,c"), ([], "none"), (None, "none"), ("a.b", "a.b")):
        assert egress_labels({"x-egress": said}) == {EGRESS_LABEL: label}
        assert egress_of({"x-egress": said, "labels": {EGRESS_LABEL: "other"}}) == label


OLD = """
services:
  web:
    image: nginx
    depends_on: {db: {condition: service_started, restart: true}}
    ports: ["8080:80"]
    deploy: {replicas: 2}
  tool:
    image: busybox
    profiles: [extra, debug]
    depends_on: [db, web]
    deploy: {resources: {limits: {memory: 10m}}}
  db:
    image: redis
"""


@pytest.mark.parametrize(
    ("service", "by_compose_2_26"),
    [
        ("web", "3dcc54a53f99704041ea7c7943492e9f3625b81f01d616319f2d20f6b53d5180"),
        ("tool", "2235a27e2153e000c2bade126ae4abf452b6e5e318b3a5cc396fc0aa5c78b532"),
        ("db", "12a5cec450c1bda54df1971ae5e7d78f63a83d86ad5ad41c9e3fc1c339519104"),
    ],
)
def test_what_an_older_docker_compose_made_is_left_alone_until_it_changes(service: str, by_compose_2_26: str) -> None:
    """It hashed depends_on and profiles too; `docker compose config --hash` of that version said these."""
    made = project(OLD)
    recipe = {**made.services, **made.disabled}[service]
    assert is_hash_of(by_compose_2_26, recipe)
    assert is_hash_of(service_hash(recipe), recipe)
    assert not is_hash_of(by_compose_2_26, {**recipe, "image": "another"})


@pytest.mark.parametrize(
    ("image", "written"),
    [
        ("x", "x"), ("<&>", "\\u003c\\u0026\\u003e"), ("a\u2028b\u2029c", "a\\u2028b\\u2029c"), ("é", "é"),
        ("\udcff", "\udcff"),
    ],
)  # fmt: skip
def test_a_hash_is_that_of_what_go_would_have_written(image: str, written: str) -> None:
    text = f'{{"command":null,"entrypoint":null,"image":"{written}"}}'
    assert service_hash({"image": image}) == hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
