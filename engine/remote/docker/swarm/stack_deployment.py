"""A stack brought to what its files say: networks first, then secrets and configs, then services; each step told."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

from msgspec.structs import replace

from engine.errors import InvalidRequest, WherryError
from engine.remote.docker.swarm.swarm_link import resolved
from engine.swarm.differences import There, steps
from engine.swarm.shapes import STACK_IMAGE, part
from engine.types.operations import StepProgress

if TYPE_CHECKING:
    from engine.operations.registry import Progress
    from engine.remote.docker.swarm.swarm_link import SwarmLink
    from engine.swarm.shapes import Json
    from engine.swarm.stack import Stack
    from engine.types.operations import StepState
    from engine.types.swarm import DeployStack, StackStep


async def there_of(link: SwarmLink, stack: str) -> There:
    services, networks, configs, secrets = await asyncio.gather(
        link.ask("GET", "/services"), link.ask("GET", "/networks"), link.ask("GET", "/configs"),
        link.ask("GET", "/secrets"),
    )  # fmt: skip
    there = There(services or (), networks or (), configs or (), secrets or (), stack)
    for name in [*there.networks]:
        if not await link.has_network(str(there.networks[name].get("Id"))):
            there.forget_network(name)
    return there


class Deployment:
    def __init__(self, link: SwarmLink, wanted: Stack, request: DeployStack, progress: Progress) -> None:
        self._link = link
        self._wanted = wanted
        self._request = request
        self._progress = progress
        self._told: list[StepProgress] = []

    async def run(self) -> None:
        there = await there_of(self._link, self._wanted.name)
        planned, problems = steps(self._wanted, there, prune=self._request.prune)
        problems = (*(each.message for each in self._wanted.problems if not each.warning), *problems)
        if problems:
            raise InvalidRequest(f"The stack {self._wanted.name} cannot be deployed", " ".join(problems))
        self._told = [
            StepProgress(id=str(place), action=each.action, subject=f"{each.kind} {each.name}")
            for place, each in enumerate(planned)
        ]
        self._progress.steps(tuple(self._told))
        for place, step in enumerate(planned):
            self._tell(place, "running")
            try:
                note = await self._carry_out(step, there)
            except WherryError as error:
                self._tell(place, "failed", str(error))
                for later in range(place + 1, len(planned)):
                    self._tell(later, "skipped")
                raise
            self._tell(place, "done", note)

    def _tell(self, place: int, state: StepState, note: str = "") -> None:
        self._told[place] = replace(self._told[place], state=state, note=note)
        self._progress.steps(tuple(self._told))

    async def _carry_out(self, step: StackStep, there: There) -> str:
        """A note where there is something to know of it."""
        if step.kind == "network":
            if step.action == "create":
                await self._link.ask("POST", "/networks/create", body=self._wanted.networks[step.name])
        elif step.kind == "service":
            return await self._service(step, there)
        elif step.action != "keep":
            await self._file(step, there)
        return ""

    async def _file(self, step: StackStep, there: There) -> None:
        bodies = self._wanted.configs if step.kind == "config" else self._wanted.secrets
        if step.action == "create":
            await self._link.ask("POST", f"/{step.kind}s/create", body=bodies[step.name])
            return
        known = there.every_file[step.kind][step.name]
        version = {"version": part(known, "Version").get("Index")}
        body = part(known, "Spec") | {"Labels": bodies[step.name]["Labels"]}
        await self._link.ask("POST", f"/{step.kind}s/{known['ID']}/update", version, body=body)

    async def _service(self, step: StackStep, there: There) -> str:
        if step.action == "remove":
            await self._link.ask("DELETE", f"/services/{there.services[step.name]['ID']}")
            return ""
        spec = await self._with_ids(self._wanted.services[step.name])
        known = there.services.get(step.name)
        note = await self._settle_image(spec, part(known, "Spec"))
        image = self._wanted.services[step.name]["TaskTemplate"]["ContainerSpec"]["Image"]
        login = await self._link.login(image, wanted=self._request.with_login)
        if known is None:
            done = await self._link.ask("POST", "/services/create", body=spec, headers=login)
            return " ".join([note, *map(str, (done or {}).get("Warnings") or ())]).strip()
        if step.action == "keep" and not self._has_other_image(spec, part(known, "Spec")):
            return note
        warnings = await self._link.change(known["ID"], lambda old: _counted_on(spec, old), headers=login)
        return " ".join([note, *warnings]).strip()

    @staticmethod
    def _has_other_image(spec: Json, before: Json) -> bool:
        return bool(_image(spec) != _image(before))

    async def _settle_image(self, spec: Json, before: Json) -> str:
        """What the name means now, or what it meant before where it need not be asked."""
        image = _image(spec)
        same_name = (before.get("Labels") or {}).get(STACK_IMAGE) == image
        wish = self._request.resolve_image
        note: list[str] = []
        if wish == "always" or (wish == "changed" and not same_name):
            login = await self._link.login(image, wanted=self._request.with_login)
            settled, note = await resolved(self._link, image, login)
        else:
            settled = _image(before) if same_name else image
        if note and same_name:
            settled = _image(before)
        spec["TaskTemplate"]["ContainerSpec"]["Image"] = settled
        return " ".join(note)

    async def _with_ids(self, spec: Json) -> Json:
        """Configs and secrets are granted by id, which only who made them tells."""
        made = copy.deepcopy(spec)
        inside = made["TaskTemplate"]["ContainerSpec"]
        for noun in ("Config", "Secret"):
            for each in inside.get(f"{noun}s") or ():
                row = await self._link.one(f"{noun.lower()}s", each[f"{noun}Name"])
                each[f"{noun}ID"] = row["ID"]
        return made


def _image(spec: Json) -> str:
    return str(part(spec, "TaskTemplate", "ContainerSpec").get("Image") or "")


def _counted_on(spec: Json, old: Json) -> Json:
    """A restart that was forced earlier is not forced again by a lower count."""
    forced = part(old, "TaskTemplate").get("ForceUpdate") or 0
    return spec | {"TaskTemplate": {**spec["TaskTemplate"], "ForceUpdate": forced}}
