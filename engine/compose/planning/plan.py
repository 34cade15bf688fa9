"""What has to happen to bring a project from what is there to what its files say: pure data, made before anything
happens.

A plan can be printed, shown as a difference to accept, or carried out. Its steps name what they need, so whoever
carries
them out may do many at once; and making the plan again after a failure gives what is left to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from engine.compose.faults import ComposeError, Problem, near_miss
from engine.compose.planning.bodies import container_name, image_name
from engine.compose.planning.egress import KEY as EGRESS
from engine.compose.planning.egress import egress_of
from engine.compose.planning.hashing import is_hash_of, network_hash
from engine.compose.reading.leaning import leans_on, resolved
from engine.compose.reading.normal import replicas
from engine.compose.reading.ordering import in_order
from engine.types.projects import UpOptions

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from engine.compose.reading.loading import Project

Action = Literal[
    "pull", "build", "network", "volume", "create", "recreate", "edit", "start", "keep", "restart", "stop", "remove",
    "remove-network", "remove-volume", "remove-image",
]  # fmt: skip


# --- what is there ---


@dataclass(frozen=True, slots=True)
class Present:
    """One container of the project as it is."""

    id: str
    name: str
    service: str
    number: int
    config_hash: str
    image_id: str
    running: bool
    egress: str = ""
    """What it may reach outside, "" for everything."""
    oneoff: bool = False
    """Made by `run`: no part of the service."""


@dataclass(frozen=True, slots=True)
class Actual:
    """Everything of the project that is there."""

    containers: tuple[Present, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    """Name to the hash it was made with, "" where it has none."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Of networks: what their members may reach outside, "" for everything."""
    project_networks: frozenset[str] = frozenset()
    """Those that carry the project's label."""
    volumes: frozenset[str] = frozenset()
    project_volumes: frozenset[str] = frozenset()
    images: Mapping[str, str] = field(default_factory=dict)
    """Reference to image id, of those the project asks for and that are here."""


# --- what is to be done ---


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that is another than when the container was made."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    id: str
    action: Action
    subject: str
    """What it is done to: a container's, network's, volume's or image's name."""
    service: str = ""
    number: int = 0
    container: str = ""
    """The id of the container that is there already."""
    why: tuple[Changed, ...] = ()
    reason: str = ""
    """One of a few words where no field says why: "forced", "image", "orphan", "scale"."""
    needs: tuple[str, ...] = ()
    key: str = ""
    """The network's or volume's name in the file."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps, none before what it needs."""

    project: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """Without what stays as it is."""
        return tuple(step for step in self.steps if step.action != "keep")


_AS_IT_IS = UpOptions()


def plan_up(
    project: Project,
    actual: Actual,
    options: UpOptions = _AS_IT_IS,
    made_with: Mapping[str, dict[str, Any]] = {},
) -> Plan:
    """`made_with`: the services as they were when the containers were last made, where that is known."""
    chosen = chosen_services(project, options.services, dependencies=options.dependencies)
    planner = _Planner(project, actual, options, made_with, chosen)
    planner.networks()
    planner.volumes()
    for service in in_order(project.services, chosen):
        planner.image(service)
        planner.service(service)
    if options.remove_orphans:
        planner.orphans()
    return Plan(project.name, tuple(planner.steps))


def plan_down(
    project: Project | None,
    name: str,
    actual: Actual,
    *,
    volumes: bool = False,
    images: Literal["", "local", "all"] = "",
    orphans: bool = False,
    services: tuple[str, ...] = (),
) -> Plan:
    """Everything goes, dependants first. Without files, all that carries the project's label."""
    known = project.services if project else {}
    order = list(in_order(known, tuple(known)))
    steps: list[Step] = []
    by_service: dict[str, list[str]] = {}
    ranked = sorted(actual.containers, key=lambda each: order.index(each.service) if each.service in order else -1)
    for each in reversed(ranked):
        if services and each.service not in services:
            continue
        orphan = project is not None and each.service not in {*known, *project.disabled}
        if orphan and not orphans and not each.oneoff:
            continue
        dependants = [other for other, made in known.items() if each.service in (made.get("depends_on") or {})]
        needs = tuple(step for other in dependants for step in by_service.get(other, []))
        step = Step(f"remove:{each.name}", "remove", each.name, each.service, each.number, each.id, needs=needs)
        by_service.setdefault(each.service, []).append(step.id)
        steps.append(step)
    if services:
        return Plan(name, tuple(steps))
    gone = tuple(step.id for step in steps)
    declared = (
        {each["name"] for each in project.model["networks"].values() if not each.get("external")} if project else set()
    )
    for network in sorted((set(actual.networks) & declared) | actual.project_networks):
        steps.append(Step(f"remove-network:{network}", "remove-network", network, needs=gone))
    if volumes:
        mine = (
            {each["name"] for each in project.model["volumes"].values() if not each.get("external")}
            if project
            else set()
        )
        for volume in sorted((actual.volumes & mine) | actual.project_volumes):
            steps.append(Step(f"remove-volume:{volume}", "remove-volume", volume, needs=gone))
    if images and project is not None:
        once: dict[str, Step] = {}
        for service, made in sorted(known.items()):
            image = image_name(project, service)
            if image in actual.images and (images == "all" or not made.get("image")):
                once.setdefault(image, Step(f"remove-image:{image}", "remove-image", image, service, needs=gone))
        steps += once.values()
    return Plan(name, tuple(steps))


def only_stopped(down: Plan, actual: Actual) -> Plan:
    """What runs stops in the order in which it would go, and nothing goes."""
    running = {each.id for each in actual.containers if each.running}
    stops = {step.id: f"stop:{step.subject}" for step in down.steps if step.container in running}
    steps = (
        replace(
            step, id=stops[step.id], action="stop", needs=tuple(stops[each] for each in step.needs if each in stops)
        )
        for step in down.steps
        if step.id in stops
    )
    return Plan(down.project, tuple(steps))


def plan_build(project: Project, services: tuple[str, ...] = (), *, dependencies: bool = False) -> Plan:
    """Only the builds of these services, or of all."""
    steps = []
    for name in in_order(project.services, chosen_services(project, services, dependencies=dependencies)):
        made = project.services[name]
        if "build" in made:
            needs = tuple(f"build:{other}" for other in _built_before(made))
            steps.append(Step(f"build:{name}", "build", image_name(project, name), name, needs=needs))
    return Plan(project.name, tuple(steps))


def plan_pull(
    project: Project, services: tuple[str, ...] = (), *, dependencies: bool = False, here: Container[str] = ()
) -> Plan:
    """Only the images, each once; not those that are built, and none that is `here` already."""
    steps: dict[str, Step] = {}
    for name in chosen_services(project, services, dependencies=dependencies):
        image = image_name(project, name)
        if "build" not in project.services[name] and image not in here:
            steps.setdefault(image, Step(f"pull:{image}", "pull", image, name))
    return Plan(project.name, tuple(steps.values()))


class _Planner:
    def __init__(
        self,
        project: Project,
        actual: Actual,
        options: UpOptions,
        made_with: Mapping[str, dict[str, Any]],
        chosen: tuple[str, ...],
    ) -> None:
        self.project = project
        self.actual = actual
        self.options = options
        self.made_with = made_with
        self.chosen = chosen
        self.steps: list[Step] = []
        self.planned: set[str] = set()
        self.ends: dict[str, list[str]] = {}
        """Service to the steps after which it is there."""
        self.remade: set[str] = set()
        self.replaced: set[str] = set()
        """Services whose first container has, or gets, another id."""
        self.changed_networks: set[str] = set()
        self.present: dict[str, list[Present]] = {}
        """Service to its containers by number."""
        for each in sorted(actual.containers, key=lambda each: each.number):
            if not each.oneoff:
                self.present.setdefault(each.service, []).append(each)
        self.first = {service: found[0].id for service, found in self.present.items()}

    def add(self, step: Step) -> str:
        self.steps.append(step)
        self.planned.add(step.id)
        return step.id

    # --- what services stand on ---

    def networks(self) -> None:
        wanted = {each for name in self.chosen for each in self.project.services[name].get("networks") or {}}
        for key in sorted(wanted):
            network = self.project.model["networks"][key]
            name = network["name"]
            if network.get("external"):
                if name not in self.actual.networks:
                    raise ComposeError(
                        Problem(("networks", key), f"network {name} declared as external, but could not be found")
                    )
                continue
            known = self.actual.networks.get(name)
            if known is None:
                self.add(Step(f"network:{name}", "network", name, key=key))
            elif known and (known != network_hash(network) or self.actual.limits.get(name, "") != egress_of(network)):
                self.add(Step(f"network:{name}", "network", name, key=key, reason="changed"))
                self.changed_networks.add(key)

    def volumes(self) -> None:
        wanted = {
            each["source"]
            for name in self.chosen
            for each in self.project.services[name].get("volumes") or []
            if each["type"] == "volume" and each.get("source")
        }
        for key in sorted(wanted):
            volume = self.project.model["volumes"][key]
            name = volume["name"]
            if name in self.actual.volumes:
                continue
            if volume.get("external"):
                raise ComposeError(Problem(("volumes", key), f'external volume "{name}" not found'))
            self.add(Step(f"volume:{name}", "volume", name, key=key))

    def image(self, service: str) -> None:
        made = self.project.services[service]
        image = image_name(self.project, service)
        policy = made.get("pull_policy", "")
        here = image in self.actual.images
        builds = "build" in made and not self.options.no_build
        if builds and (self.options.build or policy == "build" or not here):
            needs = tuple(f"build:{other}" for other in _built_before(made) if other in self.chosen)
            self.add(Step(f"build:{service}", "build", image, service, needs=needs))
        elif not builds and self._pulls(policy, here=here) and f"pull:{image}" not in self.planned:
            self.add(Step(f"pull:{image}", "pull", image, service))

    def _pulls(self, policy: str, *, here: bool) -> bool:
        asked = self.options.pull if self.options.pull != "policy" else policy or "missing"
        if asked == "never":
            return False
        return not here or asked == "always"

    # --- services ---

    def service(self, service: str) -> None:
        made = self.project.services[service]
        wanted = self.options.scale.get(service, replicas(made))
        present = list(self.present.get(service, ()))
        needs = self._needs(service)
        ends: list[str] = []
        for each in _unfinished(present):
            left = Step(f"remove:{each.name}", "remove", each.name, service, each.number, each.id, reason="unfinished")
            needs = (*needs, self.add(left))
            present.remove(each)
        # The highest numbers go first, and those that do not run before those that do.
        for each in present[wanted:]:
            self.add(Step(f"remove:{each.name}", "remove", each.name, service, each.number, each.id, reason="scale"))
        for each in present[:wanted]:
            ends.append(self._bring(service, each, needs))
        taken = {each.number for each in present[:wanted]}
        free = (number for number in range(1, wanted + len(taken) + 1) if number not in taken)
        for _ in range(wanted - len(taken)):
            number = next(free)
            name = container_name(self.project, service, number)
            self.replaced |= {service} if number == 1 else set()
            create = self.add(Step(f"create:{name}", "create", name, service, number, needs=needs))
            ends.append(self._started(create, name, service, number))
        self.ends[service] = ends

    def _needs(self, service: str) -> tuple[str, ...]:
        made = self.project.services[service]
        image = image_name(self.project, service)
        names = [f"build:{service}", f"pull:{image}"]
        names += [f"network:{self.project.model['networks'][key]['name']}" for key in made.get("networks") or {}]
        names += [
            f"volume:{self.project.model['volumes'][each['source']]['name']}"
            for each in made.get("volumes") or []
            if each["type"] == "volume" and each.get("source")
        ]
        needs = [name for name in names if name in self.planned]
        for other in made.get("depends_on") or {}:
            needs += self.ends.get(other, [])
        return tuple(dict.fromkeys(needs))

    def _bring(self, service: str, each: Present, needs: tuple[str, ...]) -> str:
        """One container that is there, to what it should be; gives the step after which it is."""
        action, why, reason = self._difference(service, each)
        name = _SUCCESSOR.sub("", each.name)  # what it is called once nothing cuts it off
        if action == "keep":
            reason = "image may change" if self._image_comes(service) else ""
            kept = self.add(Step(f"keep:{name}", "keep", name, service, each.number, each.id, (), reason, needs))
            if each.running and self._restarts(service):
                return self.add(Step(f"restart:{name}", "restart", name, service, each.number, each.id, needs=(kept,)))
            return kept if each.running else self._started(kept, name, service, each.number, each.id)
        self.remade.add(service)
        self.replaced |= {service} if action == "recreate" else set()
        step = Step(f"{action}:{name}", action, name, service, each.number, each.id, why, reason, needs)
        return self._started(self.add(step), name, service, each.number)

    def _image_comes(self, service: str) -> bool:
        """Whether its image may be another by then: what is only kept by what is known now is replaced."""
        steps = {f"build:{service}", f"pull:{image_name(self.project, service)}"}
        return self.options.recreate != "never" and not steps.isdisjoint(self.planned)

    def _restarts(self, service: str) -> bool:
        """Whether something it depends on becomes another, and it asked to be restarted then."""
        waits = self.project.services[service].get("depends_on") or {}
        return self.options.start and any(wait.get("restart") and other in self.remade for other, wait in waits.items())

    def _started(self, after: str, name: str, service: str, number: int, container: str = "") -> str:
        if not self.options.start:
            return after
        return self.add(Step(f"start:{name}", "start", name, service, number, container, needs=(after,)))

    def _difference(self, service: str, each: Present) -> tuple[Action, tuple[Changed, ...], str]:
        options, made = self.options, self.project.services[service]
        if options.recreate == "never":
            return "keep", (), ""
        is_dependency = bool(options.services) and service not in options.services
        if options.recreate == "always" and (not is_dependency or options.recreate_dependencies):
            return "recreate", (), "forced"
        if self.changed_networks & set(made.get("networks") or {}):
            return "recreate", (), "network"
        image = self.actual.images.get(image_name(self.project, service), "")
        if image and each.image_id and image != each.image_id:
            return "recreate", (Changed("image", each.image_id, image),), "image"
        if leans_on(made) & self.replaced:
            return "recreate", (), "leans"
        if not is_hash_of(each.config_hash, resolved(made, self.first)):
            why = differences(self.made_with.get(service), made)
            files_stay = (
                options.keep_files and why and not {change.field.partition(".")[0] for change in why} & _NEW_FILES
            )
            return ("edit" if files_stay else "recreate"), why, "" if why else "recipe"
        if each.egress != egress_of(made):
            return "edit", (Changed(EGRESS, each.egress, egress_of(made)),), ""
        return "keep", (), ""

    def orphans(self) -> None:
        known = {*self.project.services, *self.project.disabled}
        for each in self.actual.containers:
            if each.service not in known:
                self.add(
                    Step(
                        f"remove:{each.name}", "remove", each.name, each.service, each.number, each.id, reason="orphan"
                    )
                )


_SUCCESSOR = re.compile(r"[0-9a-f]{12}_(?=.)")
"""Before the name of a container that was made to take another's place, until it has."""


def _unfinished(present: Iterable[Present]) -> list[Present]:
    """Successors whose predecessors are still there: whoever made them was cut off before they changed places."""
    by_number: dict[int, list[Present]] = {}
    for each in present:
        by_number.setdefault(each.number, []).append(each)
    return [each for same in by_number.values() if len(same) > 1 for each in same if _SUCCESSOR.match(each.name)]


_NEW_FILES = {
    "image",
    "build",
    "platform",
    "volumes",
    "tmpfs",
    "container_name",
    "networks",
    "network_mode",
    "secrets",
    "configs",
}
"""Fields whose change gives a container other files, another name or other neighbours: a new one is made."""


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Which fields of a service are another; nothing where it is not known what it was."""
    if before is None:
        return ()
    found: list[Changed] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new or key in _NOT_IN_A_CONTAINER:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found += [
                Changed(f"{key}.{each}", old.get(each), new.get(each))
                for each in sorted({*old, *new})
                if old.get(each) != new.get(each)
            ]
        else:
            found.append(Changed(key, old, new))
    return tuple(found)


_NOT_IN_A_CONTAINER = {"build", "pull_policy", "scale", "depends_on", "profiles"}


def chosen_services(project: Project, names: Iterable[str], *, dependencies: bool = True) -> tuple[str, ...]:
    """The named services and what they depend on; all where none is named."""
    wanted = list(names) or list(project.services)
    found: dict[str, None] = {}
    while wanted:
        name = wanted.pop(0)
        if name in found:
            continue
        if name not in project.services:
            raise ComposeError(Problem((), f"no such service: {name}", hint=near_miss(name, project.services)))
        found[name] = None
        if dependencies:
            wanted += [other for other in project.services[name].get("depends_on") or {} if other in project.services]
    return tuple(found)


def _built_before(service: Mapping[str, Any]) -> list[str]:
    contexts = (service.get("build") or {}).get("additional_contexts") or {}
    return [where.removeprefix("service:") for where in contexts.values() if str(where).startswith("service:")]
