"""The recipe of a container as a Docker or a Podman tells it: whole, and what cannot be said in ours named."""

from __future__ import annotations

from typing import Any

from engine.remote.docker.known import shapes


def inspected(**host: Any) -> dict[str, Any]:
    """As podman 4.3 tells of one with a volume and a port."""
    mount = {"Type": "volume", "Name": "data", "Source": "/s/data/_data", "Destination": "/data", "RW": True}
    return {
        "Id": "e" * 64, "Name": "/web", "Image": "7029f5", "Created": "2026-11-28T13:51:23.5Z", "Path": "sh",
        "Args": ["-c", "serve"], "State": {"Status": "created"}, "Mounts": [mount],
        "Config": {
            "Image": "localhost/busybox:latest", "Env": ["A=b"], "Cmd": ["sh", "-c", "serve"], "Labels": {"x": "y"},
            "ExposedPorts": {"80/tcp": {}},
        },
        "HostConfig": {
            "NetworkMode": "slirp4netns", "Binds": ["data:/data:rw,rprivate,nosuid,nodev,rbind"],
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "18090"}]}, **host,
        },
        "NetworkSettings": {"Networks": {}},
    }  # fmt: skip


def test_podmans_own_words_of_a_mount_cost_nothing_else() -> None:
    found = shapes.container(inspected())
    assert [(port.container_port, port.host_port) for port in found.spec.ports] == [(80, 18090)]
    assert [(mount.source, mount.target) for mount in found.spec.mounts] == [("data", "/data")]
    assert found.spec.command == ("sh", "-c", "serve")
    assert not found.warnings


def test_podmans_bridge_is_the_network_it_is_in() -> None:
    document = inspected(NetworkMode="bridge")
    document["NetworkSettings"]["Networks"] = {"shopnet": {"Aliases": ["web"]}}
    assert shapes.container(document).spec.network == "shopnet"
    document = inspected(NetworkMode="bridge")
    document["NetworkSettings"]["Networks"] = {"podman": {}}
    assert shapes.container(document).spec.network == shapes.container(inspected()).spec.network


def test_limits_that_podman_gives_everybody_are_nobodys_wish() -> None:
    given = [
        {"Name": name, "Soft": soft, "Hard": 1048576} for name, soft in (("RLIMIT_NOFILE", 1048576), ("RLIMIT_CORE", 5))
    ]
    [limit] = shapes.container(inspected(Ulimits=given)).spec.ulimits
    assert (limit.name, limit.soft) == ("core", 5)


def test_a_field_of_another_form_is_left_out_and_named_and_the_rest_stays() -> None:
    found = shapes.container(inspected(ExtraHosts="many", Binds=["data:/data:wrong-word"]))
    assert [(port.container_port, port.host_port) for port in found.spec.ports] == [(80, 18090)]
    assert found.spec.command == ("sh", "-c", "serve")
    left_out = "\n".join(found.warnings)
    assert "“ExtraHosts”" in left_out
    assert "“Binds”" in left_out


def test_the_networks_of_a_container_are_known_with_its_names_there() -> None:
    document = inspected()
    document["NetworkSettings"]["Networks"] = {
        "back": {"Aliases": ["www", "e" * 12], "IPAddress": "10.1.0.2", "IPAMConfig": {"IPv4Address": "10.1.0.2"}},
        "front": None,
    }
    members = shapes.members(document)
    assert members["back"].aliases == ("www",)
    assert (members["back"].asked.ip, members["back"].ip_address) == ("10.1.0.2", "10.1.0.2")
    assert members["front"].name == "web"
    network = shapes.network({"Id": "1", "Name": "back"}, [members["back"]])
    assert [each.container_id for each in network.members] == ["e" * 64]
