"""What the builder needs of the images room: a base to begin with, and a place for what was built."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from engine.builder.steps.stages import StageState
from engine.errors import NotFound, WherryError
from engine.images.known import configs, platforms, reference
from engine.images.known.records import LayerRecord, StoredImage
from engine.registry.logins import canonical_server
from engine.types.builds import BuildBase
from engine.types.data import now
from engine.types.images import ImageConfig, PullImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.builder.lent import Lent
    from engine.images.image_service import ImageService
    from engine.storage.layers import LayerStore
    from engine.types.data import Platform
    from engine.types.images import Login


@dataclass(frozen=True)
class Begun:
    """The state FROM gives, the triggers the base left for those who build on it, and what it was."""

    state: StageState
    triggers: tuple[str, ...]
    base: BuildBase


@dataclass(frozen=True)
class Bases:
    """Images to build on, from the store or pulled; and built images, kept."""

    images: ImageService
    layers: LayerStore
    _foreign: dict[tuple[str, str], str] = field(default_factory=dict)
    """Name and platform of bases for other machines, pulled beside the one that has the name here; to their ids."""

    async def begin(
        self, name: str, platform: Platform, *, pull: bool, say: Callable[[str], None], lent: Lent
    ) -> Begun:
        """Pulled where it is not here for that platform, or asked to be."""
        stored = None if pull else self._present(name, platform)
        if stored is None:
            stored = await self._pull(name, platform, say, await lent.logins(name))
        document: dict[str, Any] = msgspec.json.decode(stored.config_bytes)
        config = stored.config
        state = StageState(
            platform=stored.platform,
            layers=stored.diff_ids,
            config=msgspec.structs.replace(config, on_build=()),
            history=tuple(document.get("history") or ()),
            author=stored.document.author or "",
            created=configs.parse_time(stored.document.created) or now(),
        )
        base = BuildBase(name=name, digest=stored.manifest_digest, image_id=stored.id, platform=str(stored.platform))
        return Begun(state, config.on_build, base)

    def environment(self, name: str, platform: Platform) -> set[str] | None:
        """The variables an image sets; None where it is not here."""
        stored = self._known(name, platform)
        return None if stored is None else {entry.partition("=")[0] for entry in stored.config.env}

    def triggers(self, name: str, platform: Platform) -> bool | None:
        """Whether an image leaves instructions to whoever builds on it; None where it is not here."""
        stored = self._known(name, platform)
        return None if stored is None else bool(stored.config.on_build)

    def _known(self, name: str, platform: Platform) -> StoredImage | None:
        try:
            return self._present(name, platform)
        except WherryError:
            return None  # a name of nothing: the build will say so

    def _present(self, name: str, platform: Platform) -> StoredImage | None:
        try:
            stored = self.images.catalogue.resolve(name)
        except NotFound:
            return None
        if platforms.matches(platform, stored.platform):
            return stored
        return self.images.catalogue.images.get(self._foreign.get((name, str(platform)), ""))

    async def _pull(
        self, name: str, platform: Platform, say: Callable[[str], None], logins: Sequence[Login]
    ) -> StoredImage:
        say(f"Pulling {name}")
        server = reference.parse(name).domain
        login = next((each for each in logins if canonical_server(each.server) == server), None)
        # What is built for another machine too must not take the name from what runs here.
        beside = self.images.catalogue.find(name) is not None and not platforms.matches(
            platforms.host_platform(), platform
        )
        request = PullImage(reference=name, platform=str(platform), login=login, nameless=beside)
        handle = self.images.pull(request)
        said = ""
        async for operation in handle.watch():
            if operation.status and operation.status != said:
                said = operation.status
                say(said)
        try:
            image = await handle.result()
        except WherryError as error:
            error.title = f"{name} could not be pulled: {error.title}"
            raise
        self._foreign[name, str(platform)] = image
        return self.images.catalogue.resolve(image)

    async def keep(
        self, state: StageState, tags: Sequence[str], labels: dict[str, str], extra: Mapping[str, Any] | None = None
    ) -> str:
        """Store an image of a stage; gives its id. Its layers are in the store already."""
        config: ImageConfig = msgspec.structs.replace(state.config, labels={**state.config.labels, **labels})
        blob = configs.encode_document(
            architecture=state.platform.architecture,
            system=state.platform.os,
            variant=state.platform.variant,
            config=config,
            diff_ids=state.layers,
            history=state.history,
            created=state.created,
            author=state.author,
            extra=extra,
        )
        image_id = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        names = [reference.parse(tag).with_default_tag() for tag in tags]
        stored = StoredImage(id=image_id, config=blob, pulled_ns=time.time_ns())
        known = self.images.catalogue.layers
        records = [self._record(diff_id) for diff_id in dict.fromkeys(state.layers) if diff_id not in known]
        await self.layers.settled(state.layers)
        await self.images.catalogue.add(stored, records, tags=names, action="build" if not names else "tag")
        return image_id

    def _record(self, diff_id: str) -> LayerRecord:
        index = self.layers.index(diff_id)
        return LayerRecord(diff_id=diff_id, size=index.total, files=len(index))
