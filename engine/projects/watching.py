"""Follows the files of a project under development: what changes here comes into its containers, or they are remade."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

from engine.compose import labels
from engine.compose.reading.watch_rules import watch_rules, why_not
from engine.errors import InvalidRequest, NotFound, RuntimeFailure, WherryError
from engine.tree_watch import TreeWatch
from engine.types.containers import ALIVE_STATES, Exec
from engine.types.files import Place
from engine.types.operations import StepProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from engine.compose.reading.loading import Project
    from engine.compose.reading.watch_rules import Rule
    from engine.facade import Engine
    from engine.types.containers import Container

_KEPT_STEPS = 60
_NAMED_FILES = 3
_LARGEST_BATCH = 256 << 20


class Watcher:
    """One project that is watched. `remake` builds a service and puts it in the place of what runs."""

    def __init__(
        self,
        engine: Engine,
        project: Project,
        services: Sequence[str],
        tell: Callable[[tuple[StepProgress, ...]], None],
        remake: Callable[[str], Awaitable[None]],
    ) -> None:
        self._engine, self._project, self._tell, self._remake = engine, project, tell, remake
        chosen = list(services) or list(project.services)
        for name in chosen:
            if name not in project.services:
                raise NotFound(f"No such service: {name}", subject=name)
        self._rules = watch_rules(project, chosen, _text)
        if not self._rules:
            raise InvalidRequest("None of the services has anything to watch", "Add a “develop: watch:” section.")
        if why := why_not(self._rules, project):
            raise InvalidRequest("The project cannot be watched", why)
        self._steps: dict[str, StepProgress] = {}
        self._count = 0

    async def run(self) -> None:
        """Until it is cancelled."""
        roots = dict.fromkeys(rule.path for rule in self._rules)
        try:
            tree = TreeWatch(roots, lambda folder: all(_not_below(rule, folder) for rule in self._rules))
        except OSError as error:
            raise RuntimeFailure("The project's files cannot be watched", str(error)) from error
        try:
            for rule in self._rules:
                if rule.initial and rule.action.startswith("sync"):
                    await self._follow(rule, await asyncio.to_thread(_all_below, rule))
            for rule in self._rules:
                self._became(f"watch:{rule.service}:{rule.path}", "watch", rule.service, "done", rule.path)
            while True:
                changed = await tree.changes()
                if tree.overflown:
                    tree.overflown = False
                    changed |= {path for rule in self._rules for path in await asyncio.to_thread(_all_below, rule)}
                await self._take(changed)
        finally:
            tree.close()

    async def _take(self, changed: Iterable[str]) -> None:
        """A service that is made anew has everything: what else its files ask for is not done then."""
        paths = sorted(changed)
        by_rule = [(rule, [path for path in paths if rule.covers(path)]) for rule in self._rules]
        remade = {rule.service for rule, found in by_rule if found and rule.action == "rebuild"}
        for service in sorted(remade):
            found = [path for rule, paths in by_rule if rule.service == service for path in paths]
            await self._deed("rebuild", service, found, self._remake(service))
        for rule, found in by_rule:
            if found and rule.service not in remade:
                await self._follow(rule, found)

    async def _follow(self, rule: Rule, paths: Sequence[str]) -> None:
        if not paths:
            return
        if rule.action.startswith("sync"):
            await self._deed("sync", rule.service, paths, self._sync(rule, paths))
        if rule.action in ("restart", "sync+restart"):
            await self._deed("restart", rule.service, paths, self._restart(rule.service))
        if rule.action == "sync+exec":
            await self._deed("exec", rule.service, paths, self._exec(rule))

    # --- deeds ---

    async def _deed(self, action: str, service: str, paths: Sequence[str], work: Awaitable[None]) -> None:
        """A failure is told, and the watch goes on: the next change may mend it."""
        self._count += 1
        step = f"{self._count}:{action}:{service}"
        names = ", ".join(os.path.basename(path) for path in paths[:_NAMED_FILES])
        if len(paths) > _NAMED_FILES:
            names += f" +{len(paths) - _NAMED_FILES}"
        self._became(step, action, service, "running", names)
        try:
            await work
        except (WherryError, OSError) as error:
            said = error.title if isinstance(error, WherryError) else str(error)
            self._became(step, action, service, "failed", said)
        else:
            self._became(step, action, service, "done", names)

    def _became(self, step: str, action: str, service: str, state: str, note: str) -> None:
        made = StepProgress(id=step, action=action, subject=service, state=state, note=note)  # type: ignore[arg-type]
        self._steps[step] = made
        while len(self._steps) > _KEPT_STEPS:
            del self._steps[next(iter(self._steps))]
        self._tell(tuple(self._steps.values()))

    async def _sync(self, rule: Rule, paths: Sequence[str]) -> None:
        archive, gone = await asyncio.to_thread(_packed, rule, paths)
        for container in await self._running(rule.service):
            place = Place(kind="container", id=container.id)
            for path in gone:
                try:
                    await self._engine.files.remove(place, rule.inside(path))
                except NotFound:
                    continue
            if len(gone) < len(paths):
                await self._engine.files.upload(place, "/", _stream(archive))

    async def _restart(self, service: str) -> None:
        for container in await self._running(service):
            await self._engine.containers.restart(container.id)

    async def _exec(self, rule: Rule) -> None:
        said = rule.exec
        request = Exec(
            command=tuple(said["command"]),
            user=said.get("user") or "",
            workdir=said.get("working_dir") or "",
            env={key: value or "" for key, value in (said.get("environment") or {}).items()},
            privileged=bool(said.get("privileged")),
        )
        for container in await self._running(rule.service):
            session = await self._engine.containers.exec(container.id, request)
            try:
                while await session.read() is not None:
                    pass
                code = await session.exit_code()
            finally:
                await session.close()
            if code:
                raise RuntimeFailure(f"The command ended with {code}")

    async def _running(self, service: str) -> list[Container]:
        return [
            one
            for one in await self._engine.containers.list()
            if one.spec.labels.get(labels.PROJECT) == self._project.name
            and one.spec.labels.get(labels.SERVICE) == service
            and one.spec.labels.get(labels.ONEOFF, "False") != "True"
            and one.state in ALIVE_STATES
        ]


def _not_below(rule: Rule, folder: str) -> bool:
    """Whether a directory is none of a rule's business."""
    return not folder.startswith(rule.path.rstrip("/") + "/") or rule.prunes(folder)


def _all_below(rule: Rule) -> list[str]:
    if not os.path.isdir(rule.path):
        return [rule.path] if os.path.lexists(rule.path) else []
    found = []
    for folder, folders, files in os.walk(rule.path):
        folders[:] = [name for name in folders if not rule.prunes(os.path.join(folder, name))]
        found += [path for name in files if rule.covers(path := os.path.join(folder, name))]
    return sorted(found)


def _packed(rule: Rule, paths: Sequence[str]) -> tuple[bytes, list[str]]:
    """Files as they go into the container, root's there; and those that are gone."""
    archive, size = io.BytesIO(), 0
    gone: list[str] = []
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in paths:
            try:
                entry = tar.gettarinfo(path, rule.inside(path).lstrip("/"))
                if not (entry.isreg() or entry.isdir() or entry.issym()):
                    continue
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mode = stat.S_IMODE(entry.mode)
                size += entry.size
                if size > _LARGEST_BATCH:
                    raise RuntimeFailure(
                        "Too much changed at once to be synced", f"More than {_LARGEST_BATCH >> 20} MiB."
                    )
                if entry.isreg():
                    with open(path, "rb") as file:
                        tar.addfile(entry, file)
                else:
                    tar.addfile(entry)
            except FileNotFoundError:
                gone.append(path)
    return archive.getvalue(), gone


async def _stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read(1 << 20)
