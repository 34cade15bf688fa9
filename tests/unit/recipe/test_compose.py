"""A recipe as a compose file: each field under compose's own name, and text that is YAML."""

from __future__ import annotations

from typing import Any

from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.exports.compose import compose_of, write_compose
from engine.recipe.line import read_line
from engine.recipe.words.here import this_place


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


def test_everything_compose_says_in_its_own_way() -> None:
    line = (
        "docker run --device /dev/fuse --blkio-weight 300 --device-read-bps /dev/sda:1m --device-write-iops /dev/sdb:9 "
        "--log-driver local --log-opt max-size=1m --log-opt max-file=3 --log-opt tag=x --tmpfs /run --tmpfs /t:size=1m "
        "--mount type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave -v /c:/d:U "
        "--mount type=volume,src=v,dst=/v,volume-subpath=s,volume-nocopy -v w:/w:ro --network back --network-alias db "
        "--health-cmd true --health-timeout 2s --health-start-period 3s --health-start-interval 4s img"
    )
    whole = compose_of(recipe_of(spec_of(read_line(line, this_place()).recipe)), "")
    assert whole == {
        "services": {
            "app": {
                "image": "img",
                "devices": ["/dev/fuse:/dev/fuse:rwm"],
                "healthcheck": {
                    "test": ["CMD-SHELL", "true"], "timeout": "2s", "start_period": "3s", "start_interval": "4s",
                },
                "logging": {"driver": "local", "options": {"max-size": "1048576", "max-file": "3", "tag": "x"}},
                "blkio_config": {
                    "weight": 300,
                    "device_read_bps": [{"path": "/dev/sda", "rate": 1 << 20}],
                    "device_write_iops": [{"path": "/dev/sdb", "rate": 9}],
                },
                "networks": {"back": {"aliases": ["db"]}},
                "volumes": [
                    {"type": "bind", "target": "/d", "source": "/c",
                     "bind": {"propagation": "rprivate", "create_host_path": True}},
                    "w:/w:ro",
                    {"type": "bind", "target": "/b", "source": "/a", "read_only": True,
                     "bind": {"propagation": "rslave", "create_host_path": False}},
                    {"type": "volume", "target": "/v", "source": "v", "volume": {"nocopy": True, "subpath": "s"}},
                ],
                "tmpfs": ["/run", "/t:size=1m"],
            },
        },
        "networks": {"back": {"external": True}},
        "volumes": {"w": {"external": True}, "v": {"external": True}},
    }  # fmt: skip


def test_the_file_reads_as_yaml() -> None:
    line = "docker run -e ON=yes -e N=1 -v d:/d --network back x a 'b: c'"
    recipe = recipe_of(spec_of(read_line(line, this_place()).recipe))
    assert write_compose([("web", recipe)]) == (
        'services:\n  web:\n    image: x\n    container_name: web\n    command:\n      - a\n      - "b: c"\n'
        '    environment:\n      "ON": "yes"\n      "N": "1"\n    networks:\n      back:\n'
        '    volumes:\n      - "d:/d"\nnetworks:\n  back:\n    external: true\nvolumes:\n  d:\n    external: true\n'
    )
