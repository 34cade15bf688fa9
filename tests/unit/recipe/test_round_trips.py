"""What is said in one spelling and read back is the same, whatever it is; and every field is part of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recipe.body import dump, host_config, load
from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.kinds.mounts import in_binds, in_tmpfs, in_volumes, on_mount, on_tmpfs
from engine.recipe.kinds.ports import key_of
from engine.recipe.line import read_line, settled, write_line
from engine.recipe.rows import ROWS, get
from engine.recipe.words.here import Here
from engine.types.containers import ContainerSpec
from tests.unit.recipe.made import NOT_IN_A_BODY, NOT_ON_A_LINE, VALUES, fields, specs

HERE = Here("/somewhere", "/home/anna", 1000, 1000, {"USER": "anna"}, lambda path: f"no file {path}")


def in_order(recipe: dict[str, Any], *groups: Any) -> dict[str, Any]:
    """Mounts and rates in the order in which their spellings stand in the table of rows."""
    changed = dict(recipe)
    if "mounts" in recipe:
        rank = lambda item: next((n for n, has in enumerate(groups) if has(item)), len(groups))  # noqa: E731
        changed["mounts"] = sorted(recipe["mounts"], key=rank)
    if "ports" in recipe:
        # In a body, the bindings of one port of the container stand together.
        keys = list(dict.fromkeys(map(key_of, recipe["ports"])))
        changed["ports"] = sorted(recipe["ports"], key=lambda item: keys.index(key_of(item)))
    if recipe.get("resources", {}).get("io"):
        kinds = ["read-bps", "write-bps", "read-iops", "write-iops"]
        rates = sorted(recipe["resources"]["io"], key=lambda rate: kinds.index(rate["kind"]))
        changed["resources"] = {**recipe["resources"], "io": rates}
    return changed


@settings(max_examples=80, deadline=None)
@given(specs())
def test_a_recipe_survives_its_line(made: dict[str, Any]) -> None:
    tmpfs_first = lambda item: not on_mount(item) and not on_tmpfs(item)  # noqa: E731
    wanted = settled(in_order(made, tmpfs_first, on_mount, on_tmpfs))
    written = write_line(recipe_of(spec_of(wanted)), "web")
    line = read_line(written, HERE)
    assert (line.name, line.ignored, line.open) == ("web", (), ())
    assert spec_of(line.recipe) == spec_of(wanted)
    assert write_line(recipe_of(spec_of(line.recipe)), "web") == written


@settings(max_examples=80, deadline=None)
@given(specs(), st.booleans())
def test_a_recipe_survives_its_body(made: dict[str, Any], once: bool) -> None:
    in_mounts = lambda item: not (in_binds(item) or in_tmpfs(item) or in_volumes(item))  # noqa: E731
    wanted = spec_of(settled(in_order({**made, "stdin_once": once}, in_binds, in_mounts, in_tmpfs, in_volumes)))
    body = json.loads(json.dumps(dump(recipe_of(wanted))))
    read = spec_of(load(body).recipe)
    assert read == wanted
    assert dump(recipe_of(read)) == body


@settings(max_examples=40, deadline=None)
@given(specs("command", "entrypoint", "env", "user"))
def test_what_an_inspection_shows_makes_the_same_container(made: dict[str, Any]) -> None:
    """Clients send HostConfig back as they were shown it."""
    wanted = spec_of(settled(in_order(made)))
    shown = host_config(recipe_of(wanted))
    again = spec_of(load({"Image": "img:1", "HostConfig": shown}).recipe)
    for row in ROWS:
        if row.key.startswith("HostConfig.") and row.field != "mounts":
            assert get(recipe_of(again), row.field) == get(recipe_of(wanted), row.field), row.flag


OF_AN_ENDPOINT = {"network_aliases", "ip", "ip6", "interface_name"}
"""What a body says of the container's network, not of the container."""


def test_every_field_has_its_row_and_its_values_for_the_round_trips() -> None:
    in_rows = {row.field.partition(".")[0] for row in ROWS}
    assert in_rows == fields()
    assert VALUES.keys() | {"image"} | NOT_ON_A_LINE | NOT_IN_A_BODY == fields()
    assert {row.field.partition(".")[0] for row in ROWS if row.flag} == fields() - NOT_ON_A_LINE - {"image", "command"}
    assert {row.field.partition(".")[0] for row in ROWS if row.key} == fields() - NOT_IN_A_BODY - OF_AN_ENDPOINT
    inside = {"resources", "security", "health"}
    nested = {row.field for row in ROWS if "." in row.field}
    for outer in inside:
        typed = spec_of({"image": "x", "health": {"test": ["NONE"]}})
        known = {f"{outer}.{name}" for name in getattr(typed, outer).__struct_fields__}
        set_by_options = {"security.no_new_privileges", "security.seccomp", "security.unmask_paths"}
        assert known - set_by_options == {field for field in nested if field.startswith(outer)}


def test_rows_and_types_agree_on_what_is_meant_when_nothing_is_said() -> None:
    nothing = recipe_of(ContainerSpec(image=""))
    for row in ROWS:
        if not row.field.startswith(("health", "security.", "security")):
            assert get(nothing, row.field) == row.default, row.field
    assert spec_of(load({"Image": "x", "HostConfig": host_config(nothing)}).recipe) == ContainerSpec(image="x")
