"""The file tree: kernel file systems as Docker has them, the engine's generated files, then what was asked for."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from engine.containers.spec.cdi import is_cdi_name
from engine.containers.spec.process import INIT_PATH
from engine.errors import InvalidRequest
from engine.storage.drivers import changed_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.containers.spec.plan import PlannedMount, SpecPlan
    from engine.types.containers import Device

_QUIET = ["nosuid", "noexec", "nodev"]
_TTY_GROUP = 5
_CONTROL_GROUPS = "/sys/fs/cgroup"


def mount_objects(plan: SpecPlan) -> list[dict[str, Any]]:
    """In the order they are mounted: the deeper after the shallower, so that none hides another by accident."""
    asked = sorted(plan.mounts, key=lambda mount: (mount.target.rstrip("/").count("/"), mount.target))
    taken = {mount.target.rstrip("/") for mount in asked}
    kernel = [mount for mount in _kernel_mounts(plan) if mount["destination"] not in taken]
    files = [mount for mount in _engine_files(plan) if mount["destination"] not in taken]
    named = [device for device in plan.spec.devices if not is_cdi_name(device.host_path)]
    devices = [device_mount(device) for device in (*named, *plan.edits.devices())]
    return [*kernel, *devices, *files, *(_asked(mount, plan.id_count) for mount in asked)]


def device_mount(device: Device, status: Callable[[str], os.stat_result] = os.stat) -> dict[str, Any]:
    """A device of the machine, or a directory of them, under its name inside.

    Nobody may make device nodes in a user namespace; the runtime would mount the host's in their place, but only under
    the very same name.
    """
    try:
        mode = status(device.host_path).st_mode
    except OSError as error:
        raise InvalidRequest(
            f"There is no device {device.host_path}", str(error.strerror), subject=device.host_path
        ) from None
    in_dev = device.host_path.startswith("/dev/") and stat.S_ISDIR(mode)
    if not (stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or in_dev):
        raise InvalidRequest(f"{device.host_path} is no device", subject=device.host_path)
    options = ["rbind" if in_dev else "bind", "rprivate", "nosuid", "noexec"]
    return _mount(device.container_path or device.host_path, "bind", device.host_path, options)


def _kernel_mounts(plan: SpecPlan) -> Iterator[dict[str, Any]]:
    if plan.pid == "host":
        yield _mount("/proc", "bind", "/proc", ["rbind", *_QUIET])
    else:
        yield _mount("/proc", "proc", "proc", _QUIET)
    yield _mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"])
    # Without subordinate ids there is no group 5 to give terminals to.
    group = [] if plan.single_id else [f"gid={_TTY_GROUP}"]
    yield _mount(
        "/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", *group]
    )
    if plan.own_network:
        yield _mount("/sys", "sysfs", "sysfs", [*_QUIET, *_unless_privileged(plan)])
    else:
        # A network namespace that is not ours has no /sys we could mount; the host's is shown read-only.
        yield _mount("/sys", "bind", "/sys", ["rbind", *_QUIET, "ro"])
    if plan.own_network:
        yield from _control_groups(plan)
    if plan.ipc != "host":
        yield _mount("/dev/mqueue", "mqueue", "mqueue", _QUIET)
        if plan.shared_memory:
            yield _mount("/dev/shm", "bind", plan.shared_memory, ["bind", "rprivate", *_QUIET])
        else:
            size = f"size={plan.spec.shm_size}"
            yield _mount("/dev/shm", "tmpfs", "shm", [*_QUIET, "mode=1777", size])
    else:
        for path in plan.host_ipc:
            yield _mount(path, "bind", path, ["rbind", *_QUIET])


def _control_groups(plan: SpecPlan) -> Iterator[dict[str, Any]]:
    """Where the limits are in hierarchies of v1, those are shown, each as the container's own: what sizes itself by its
    memory finds it. A privileged one, which makes groups of its own, is given the tree of v2 all the same."""
    if not plan.cgroup_views or plan.spec.security.privileged:
        if plan.cgroup_v2:
            options = [*_QUIET, "relatime", *_unless_privileged(plan)]
            yield _mount(_CONTROL_GROUPS, "cgroup", "cgroup", options)
        return
    yield _mount(_CONTROL_GROUPS, "tmpfs", "tmpfs", [*_QUIET, "mode=755", "size=64k", "ro"])
    if plan.cgroup_v2:
        yield _mount(f"{_CONTROL_GROUPS}/unified", "cgroup", "cgroup", [*_QUIET, "relatime", "ro"])
    for controller, source in plan.cgroup_views.items():
        yield _mount(f"{_CONTROL_GROUPS}/{controller}", "bind", source, ["bind", "rprivate", *_QUIET, "ro"])


def _unless_privileged(plan: SpecPlan) -> list[str]:
    return ["rw"] if plan.spec.security.privileged else ["ro"]


def _engine_files(plan: SpecPlan) -> Iterator[dict[str, Any]]:
    for target, source in plan.etc_files.items():
        yield _mount(target, "bind", source, ["bind", "rprivate", "rw"])
    if plan.init_program:
        yield _mount(INIT_PATH, "bind", plan.init_program, ["bind", "ro", "nosuid", "nodev"])


def _asked(mount: PlannedMount, id_count: int) -> dict[str, Any]:
    access = "ro" if mount.read_only else "rw"
    if mount.tmpfs:
        options = [word for word in ("nosuid", "nodev", "noexec") if word[2:] not in mount.options]
        options += [access, f"mode={mount.mode:o}"]
        if mount.size:
            options.append(f"size={mount.size}")
        options += mount.options
        # A tmpfs covers what the image has there; its contents are not copied up, as with Docker's --mount.
        return _mount(mount.target, "tmpfs", "tmpfs", options)
    options = ["rbind", access, mount.propagation or "rprivate"]
    if mount.owner is not None:
        uid, gid = mount.owner
        options.append(f"idmap=uids={_swapped(uid, id_count)};gids={_swapped(gid, id_count)}")
    return _mount(mount.target, "bind", mount.source, options)


def _swapped(own: int, count: int) -> str:
    """As crun wants it: “on disk-shown-how many#…”."""
    return "#".join(f"{inside}-{shown}-{size}" for inside, shown, size in changed_places(own, count))


def _mount(destination: str, kind: str, source: str, options: list[str]) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}
