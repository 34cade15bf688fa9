"""A recipe as a compose file: each field under compose's own name, and text that is YAML."""

from __future__ import annotations

from typing import Any

from engine.recipe.compose import compose_of
from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.here import this_place
from engine.recipe.line import read_line


def service(options: str) -> dict[str, Any]:
    recipe = recipe_of(spec_of(read_line(f"docker run {options} img", this_place()).recipe))
    made: dict[str, Any] = compose_of(recipe, "web")["services"]["web"]
    return made


def test_plain_fields_have_their_names() -> None:
    made = service("-t -m 1g --cpus 1.5 --cap-add NET_ADMIN --read-only --hostname box --dns 9.9.9.9 -w /srv")
    assert made == {
        "image": "img", "container_name": "web", "tty": True, "mem_limit": 1 << 30, "cpus": 1.5,
        "cap_add": ["NET_ADMIN"], "read_only": True, "hostname": "box", "dns": ["9.9.9.9"], "working_dir": "/srv",
    }  # fmt: skip


def test_ports_restart_times_and_checks_are_in_composes_words() -> None:
    made = service("-p 127.0.0.1:80:80 --restart on-failure:3 --stop-timeout 90 --no-healthcheck --ulimit nofile=1:2")
    assert made["ports"] == ["127.0.0.1:80:80"]
    assert made["restart"] == "on-failure:3"
    assert made["stop_grace_period"] == "90s"
    assert made["healthcheck"] == {"disable": True}
    assert made["ulimits"] == {"nofile": {"soft": 1, "hard": 2}}
    checked = service("--health-cmd true --health-interval 1m30s --health-retries 2")["healthcheck"]
    assert checked == {"test": ["CMD-SHELL", "true"], "interval": "90s", "retries": 2}


def test_a_dollar_is_no_variable_of_compose() -> None:
    assert service("-e 'COST=$5'")["environment"] == {"COST": "$$5"}


def test_volumes_and_networks_are_named_where_compose_looks_for_them() -> None:
    recipe = recipe_of(spec_of(read_line("docker run -v data:/d -v /x --network back img", this_place()).recipe))
    whole = compose_of(recipe, "web")
    assert whole["volumes"] == {"data": {"external": True}}
    assert whole["networks"] == {"back": {"external": True}}
    assert whole["services"]["web"]["networks"] == {"back": None}
    assert service("--network host")["network_mode"] == "host"
    assert "network_mode" not in service("")
