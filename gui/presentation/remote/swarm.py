"""A swarm in words: how services, tasks and nodes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.theme import Tone
from gui.words import marked, translate

if TYPE_CHECKING:
    from engine.types.swarm import StackPlan, SwarmNode, SwarmService, SwarmTask

_TASKS = {
    "new": marked("Swarm", "New"),
    "allocated": marked("Swarm", "Allocated"),
    "pending": marked("Swarm", "Waiting for a node"),
    "assigned": marked("Swarm", "Assigned"),
    "accepted": marked("Swarm", "Accepted"),
    "preparing": marked("Swarm", "Preparing"),
    "ready": marked("Swarm", "Ready"),
    "starting": marked("Swarm", "Starting"),
    "running": marked("Swarm", "Running"),
    "complete": marked("Swarm", "Complete"),
    "shutdown": marked("Swarm", "Shut down"),
    "failed": marked("Swarm", "Failed"),
    "rejected": marked("Swarm", "Rejected"),
    "remove": marked("Swarm", "Being removed"),
    "orphaned": marked("Swarm", "Lost with its node"),
}
_BAD = ("failed", "rejected", "orphaned")
_UPDATES = {
    "updating": marked("Swarm", "Updating"),
    "paused": marked("Swarm", "Update paused"),
    "rollback_started": marked("Swarm", "Rolling back"),
    "rollback_paused": marked("Swarm", "Roll-back paused"),
    "rollback_completed": marked("Swarm", "Rolled back"),
}
_NODES = {
    "ready": marked("Swarm", "Ready"),
    "down": marked("Swarm", "Down"),
    "unknown": marked("Swarm", "Unknown"),
    "disconnected": marked("Swarm", "Disconnected"),
}
_AVAILABILITIES = {
    "active": marked("Swarm", "Active"),
    "pause": marked("Swarm", "Paused"),
    "drain": marked("Swarm", "Drained"),
}
_MODES = {
    "replicated": marked("Swarm", "Replicated"),
    "global": marked("Swarm", "On each node"),
    "replicated-job": marked("Swarm", "Job"),
    "global-job": marked("Swarm", "Job on each node"),
}
_ACTIONS = {
    "create": marked("Swarm", "New"),
    "update": marked("Swarm", "Changed"),
    "remove": marked("Swarm", "Removed"),
    "keep": marked("Swarm", "As it is"),
}


def _said(words: dict[str, str], key: str) -> str:
    return translate("Swarm", words[key]) if key in words else key


def service_state(service: SwarmService) -> str:
    if service.update.state in _UPDATES:
        return _said(_UPDATES, service.update.state)
    if service.settled:
        return translate("Swarm", "Running") if service.wanted else translate("Swarm", "None wanted")
    return translate("Swarm", "Incomplete")


def service_tone(service: SwarmService) -> Tone:
    if "paused" in service.update.state:
        return Tone.DANGER
    if service.update.state in ("updating", "rollback_started"):
        return Tone.ACCENT
    if not service.settled:
        return Tone.WARNING
    return Tone.SUCCESS if service.wanted else Tone.NEUTRAL


def replicas_text(service: SwarmService) -> str:
    goal = service.replicas if service.scalable else service.wanted
    done = service.completed if service.mode.endswith("-job") else service.running
    return f"{done}/{goal}"


def mode_text(service: SwarmService) -> str:
    return _said(_MODES, service.mode)


def ports_text(service: SwarmService) -> str:
    return ", ".join(f"{each.published}→{each.target}/{each.protocol}" for each in service.ports if each.published)


def task_state(task: SwarmTask) -> str:
    return _said(_TASKS, task.state)


def task_tone(task: SwarmTask) -> Tone:
    if task.state in _BAD:
        return Tone.DANGER
    if task.state == "running":
        return Tone.SUCCESS
    over = task.state in ("complete", "shutdown", "remove")
    return Tone.NEUTRAL if over else Tone.ACCENT


def node_state(node: SwarmNode) -> str:
    return _said(_NODES, node.state)


def node_tone(node: SwarmNode) -> Tone:
    return Tone.SUCCESS if node.state == "ready" else Tone.DANGER if node.state == "down" else Tone.WARNING


def availability_text(node: SwarmNode) -> str:
    return _said(_AVAILABILITIES, node.availability)


def role_text(node: SwarmNode) -> str:
    if node.leader:
        return translate("Swarm", "Manager, leader")
    return translate("Swarm", "Manager") if node.role == "manager" else translate("Swarm", "Worker")


def plan_lines(plan: StackPlan) -> str:
    """What a deployment would do, a line each; what stays as it is, in one."""
    lines = [f"{_said(_ACTIONS, step.action)}: {step.kind} {step.name}" for step in plan.steps if step.action != "keep"]
    kept = sum(step.action == "keep" for step in plan.steps)
    if kept:
        lines.append(translate("Swarm", "As it is: {0}").format(kept))
    return "\n".join(lines)
