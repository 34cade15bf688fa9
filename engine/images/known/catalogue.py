"""Which images there are, by what names, made of which layers: the truth in memory, SQLite its durable copy.

Every change goes through here, is saved before it counts, and is published. Bytes on disk are others' business; this
module only knows which layers are still held by somebody.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, NotFound
from engine.images.known import configs, reference
from engine.images.known.records import LayerRecord, StoredImage
from engine.types.events import Event
from engine.types.images import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.events.bus import EventBus
    from engine.images.known.index_shelf import IndexShelf
    from engine.images.known.reference import Reference
    from engine.images.known.users import ContainerSource, ImageUser
    from engine.state.database import Database, Statement

_SHORTEST_PREFIX = 2


class Catalogue:
    """Images, tags, digests and layers. Lookups are at once; changes are awaited until they are on disk."""

    def __init__(self, database: Database, bus: EventBus, containers: ContainerSource, indexes: IndexShelf) -> None:
        self._database = database
        self._bus = bus
        self._images: dict[str, StoredImage] = {}
        self._tags: dict[str, str] = {}
        self._digests: dict[str, str] = {}
        self._layers: dict[str, LayerRecord] = {}
        self._images_of_layer: dict[str, set[str]] = {}
        self._containers = containers
        self.indexes = indexes
        self._other_holders: list[Callable[[], Iterable[str]]] = []
        self._changing = asyncio.Lock()
        """Held from what a change looks at until it is on disk: what two clients do at once happens in some order."""

    async def open(self) -> None:
        for diff_id, body in await self._database.fetch("SELECT diff_id, body FROM layers"):
            self._layers[diff_id] = msgspec.json.decode(body, type=LayerRecord)
        for row in await self._database.fetch("SELECT id, pulled_ns, manifest, body FROM images"):
            self._remember(StoredImage.from_row(*row))
        self._tags = dict(await self._database.fetch("SELECT reference, image_id FROM image_tags"))
        self._digests = dict(await self._database.fetch("SELECT reference, image_id FROM image_digests"))
        for image_id in self._images:
            self._publish(image_id)

    def add_holder(self, holder: Callable[[], Iterable[str]]) -> None:
        """Register who else needs layers (the build cache): called with nothing, gives diff ids."""
        self._other_holders.append(holder)

    # --- looking ---

    @property
    def images(self) -> Mapping[str, StoredImage]:
        return self._images

    @property
    def layers(self) -> Mapping[str, LayerRecord]:
        return self._layers

    @property
    def tags(self) -> Mapping[str, str]:
        """Canonical reference → image id."""
        return self._tags

    def resolve(self, name: str) -> StoredImage:
        """By reference, digest reference, id or a unique beginning of one."""
        whole = reference.digest_of_id(name)
        if whole in self._images:
            return self._images[whole]
        if (named := self._named(name)) is not None:
            return self._images[named]
        prefix = name.removeprefix("sha256:")
        if len(prefix) >= _SHORTEST_PREFIX and not set(prefix) - set("0123456789abcdef"):
            found = [image for image in self._images.values() if image.id.startswith(f"sha256:{prefix}")]
            if len(found) > 1:
                raise Conflict(
                    f"“{name}” is the beginning of {len(found)} image ids", code=Code.AMBIGUOUS, subject=name
                )
            if found:
                return found[0]
        if not whole:
            reference.parse(name)  # what could be no image's name is told as that
        raise NotFound(f"No such image: {name}", hint="It may have to be pulled first.", subject=name)

    def find(self, name: str) -> StoredImage | None:
        try:
            return self.resolve(name)
        except (NotFound, InvalidRequest):
            return None

    def tags_of(self, image_id: str) -> tuple[str, ...]:
        """Canonical references, sorted."""
        return tuple(sorted(name for name, owner in self._tags.items() if owner == image_id))

    def digests_of(self, image_id: str) -> tuple[str, ...]:
        return tuple(sorted(name for name, owner in self._digests.items() if owner == image_id))

    def index_names_of(self, image_id: str) -> tuple[str, ...]:
        """Canonical references of the indexes in which it stands beside the image that has the name."""
        return tuple(name for owner in self.indexes.owners_of(image_id) for name in self.tags_of(owner))

    def users_of(self, image_id: str) -> list[ImageUser]:
        return list(self._containers.image_users(image_id))

    def images_with_layer(self, diff_id: str) -> frozenset[str]:
        return frozenset(self._images_of_layer.get(diff_id, ()))

    def layers_only_in(self, image_ids: Iterable[str]) -> set[str]:
        """Layers that nobody would need any more, were these images gone together."""
        going = set(image_ids)
        held = self.held_elsewhere()
        candidates = {diff_id for one in going if one in self._images for diff_id in self._images[one].diff_ids}
        return {one for one in candidates if one not in held and self._images_of_layer.get(one, set()) <= going}

    def layers_of_only(self, image_ids: Iterable[str]) -> set[str]:
        """Layers that no other image has, whoever else needs them."""
        going = set(image_ids)
        candidates = {diff_id for one in going if one in self._images for diff_id in self._images[one].diff_ids}
        return {one for one in candidates if self._images_of_layer.get(one, set()) <= going}

    def unheld_layers(self) -> set[str]:
        """Layers on record that no image and nobody else needs."""
        held = self.held_elsewhere()
        return {one for one in self._layers if one not in held and not self._images_of_layer.get(one)}

    def snapshot(self, image_id: str) -> Image:
        image = self._images[image_id]
        unique = [one for one in dict.fromkeys(image.diff_ids) if self._images_of_layer.get(one, set()) <= {image_id}]
        size = sum(self.layer_size(one) for one in dict.fromkeys(image.diff_ids))
        unique_size = sum(self.layer_size(one) for one in unique)
        tags = tuple(reference.parse(one).familiar for one in self.tags_of(image_id))
        index_names = tuple(reference.parse(one).familiar for one in self.index_names_of(image_id))
        return Image(
            id=image_id,
            tags=tags,
            digests=tuple(reference.parse(one).familiar for one in self.digests_of(image_id)),
            created=configs.parse_time(image.document.created),
            platform=image.platform,
            config=image.config,
            size=size,
            unique_size=unique_size,
            shared_size=size - unique_size,
            layers=image.diff_ids,
            used_by=tuple(user.container_id for user in self.users_of(image_id)),
            author=image.document.author or "",
            comment=image.document.comment or "",
            parent=self._parent(image),
            dangling=not tags and not index_names,
            index_names=index_names,
            pulled=datetime.fromtimestamp(image.pulled_ns / 1e9, UTC),
        )

    def _parent(self, image: StoredImage) -> str:
        named = (image.document.config.image or "") if image.document.config is not None else ""
        return named if named in self._images and named != image.id else ""

    def layer_size(self, diff_id: str) -> int:
        record = self._layers.get(diff_id)
        return record.size if record is not None else 0

    # --- changing ---

    async def add(
        self,
        image: StoredImage,
        layers: Sequence[LayerRecord],
        *,
        tags: Sequence[Reference] = (),
        digests: Sequence[Reference] = (),
        action: str = "",
    ) -> Image:
        """Keep an image whose layers are all in the store. All of it, or (on any failure) nothing."""
        for one in tags:
            reference.must_be_a_name(one)
        async with self._changing:
            await self._add(image, layers, tags, digests)
        name = tags[0].familiar if tags else digests[0].familiar if digests else image.id
        made_here = action in ("create", "import")
        event = self._event(action, image.id, image.id if made_here else name) if action else None
        self._publish_with_neighbours(image.id, event)
        for one in tags if made_here else ():
            self._publish(image.id, self._event("tag", image.id, one.familiar))
        return self.snapshot(image.id)

    async def _add(
        self,
        image: StoredImage,
        layers: Sequence[LayerRecord],
        tags: Sequence[Reference],
        digests: Sequence[Reference],
    ) -> None:
        missing = set(image.diff_ids) - {one.diff_id for one in layers} - set(self._layers)
        if missing:
            raise InvalidRequest("Layers of this image are missing", details="\n".join(sorted(missing)))
        known = self._images.get(image.id)
        if known is not None and image.manifest_bytes is None:
            image = known  # made or loaded again: what the registry told of it stays
        layers = [one.with_what_is_known(self._layers.get(one.diff_id)) for one in layers]
        statements: list[Statement] = [_layer_statement(one) for one in layers]
        statements.append(
            ("INSERT OR REPLACE INTO images(id, pulled_ns, manifest, body) VALUES (?, ?, ?, ?)", image.to_row())
        )
        statements += [_tag_statement(str(one), image.id) for one in tags]
        statements += [_digest_statement(str(one), image.id) for one in digests]
        await self._database.transaction(statements)
        robbed = {self._tags.get(str(one)) for one in tags} | {self._digests.get(str(one)) for one in digests}
        for layer in layers:
            self._layers[layer.diff_id] = layer
        self._remember(image)
        self._tags.update((str(one), image.id) for one in tags)
        self._digests.update((str(one), image.id) for one in digests)
        for other in robbed - {image.id}:
            if other is not None:
                self._publish(other)

    async def tag(self, image_id: str, name: Reference, *, action: str = "tag") -> Image:
        reference.must_be_a_name(name)
        async with self._changing:
            self._must_be_there(image_id)
            before = self._tags.get(str(name))
            await self._database.transaction([_tag_statement(str(name), image_id)])
            self._tags[str(name)] = image_id
        if before is not None and before != image_id:
            self._publish(before)
        self._publish(image_id, self._event(action, image_id, name.familiar))
        return self.snapshot(image_id)

    async def add_digest(self, image_id: str, name: Reference) -> None:
        """The registry knows the image by this digest (after a push)."""
        async with self._changing:
            self._must_be_there(image_id)
            before = self._digests.get(str(name), image_id)
            await self._database.transaction([_digest_statement(str(name), image_id)])
            self._digests[str(name)] = image_id
        for one in dict.fromkeys((before, image_id)):
            self._publish(one)

    async def untag(self, name: str) -> None:
        """Take one canonical reference (tag or digest) away."""
        async with self._changing:
            image_id = self._tags.get(name) or self._digests.get(name)
            if image_id is None:
                raise NotFound(f"No such image: {reference.parse(name).familiar}", subject=name)
            await self._database.transaction(
                [
                    ("DELETE FROM image_tags WHERE reference = ?", (name,)),
                    ("DELETE FROM image_digests WHERE reference = ?", (name,)),
                ]
            )
            self._tags.pop(name, None)
            self._digests.pop(name, None)
        self._publish(image_id, self._untagged(image_id, name))

    async def remove(self, image_id: str) -> None:
        """Forget an image and all its names, unless a container came to use it. Its layers stay on record until
        `forget_layers`."""
        async with self._changing:
            self._must_be_there(image_id)
            if users := self.users_of(image_id):
                raise Conflict(f"The image is used by {users[0].name}", code=Code.IN_USE, subject=image_id)
            neighbours = self._neighbours(image_id)
            events = [self._untagged(image_id, name) for name in (*self.tags_of(image_id), *self.digests_of(image_id))]
            events.append(self._event("delete", image_id, image_id))
            # Out of sight first: from here on no container can be made of it, whatever else happens meanwhile.
            image, names = self._images.pop(image_id), (self._tags, self._digests)
            self._forget(image)
            try:
                await self._database.transaction(
                    [
                        ("DELETE FROM image_tags WHERE image_id = ?", (image_id,)),
                        ("DELETE FROM image_digests WHERE image_id = ?", (image_id,)),
                        ("DELETE FROM images WHERE id = ?", (image_id,)),
                    ]
                )
            except BaseException:
                self._remember(image)
                self._tags, self._digests = names
                raise
        for event in events:
            self._bus.publish("image", image_id, None, event)
        for other in neighbours:
            self._publish(other)

    def _forget(self, image: StoredImage) -> None:
        for diff_id in image.diff_ids:
            holders = self._images_of_layer.get(diff_id, set())
            holders.discard(image.id)
            if not holders:
                self._images_of_layer.pop(diff_id, None)
        self._tags = {name: owner for name, owner in self._tags.items() if owner != image.id}
        self._digests = {name: owner for name, owner in self._digests.items() if owner != image.id}

    def _must_be_there(self, image_id: str) -> None:
        if image_id not in self._images:
            raise NotFound(f"No such image: {image_id}", "Somebody removed it just now.", subject=image_id)

    async def put_layers(self, layers: Sequence[LayerRecord]) -> None:
        """Record layers, or what is newly known of them."""
        async with self._changing:
            await self._database.transaction([_layer_statement(one) for one in layers])
            self._layers.update((one.diff_id, one) for one in layers)

    async def forget_layers(self, diff_ids: Iterable[str]) -> None:
        gone = list(diff_ids)
        async with self._changing:
            await self._database.transaction([("DELETE FROM layers WHERE diff_id = ?", (one,)) for one in gone])
            for one in gone:
                self._layers.pop(one, None)

    def refresh(self, image_id: str) -> None:
        """Somebody started or ceased to use it: publish it anew."""
        if image_id in self._images:
            self._publish(image_id)

    def refresh_all(self) -> None:
        for image_id in self._images:
            self._publish(image_id)

    # --- within ---

    def _named(self, name: str) -> str | None:
        try:
            parsed = reference.parse(name)
        except InvalidRequest:
            return None
        if parsed.digest:
            by_digest = self._digests.get(str(parsed.with_digest(parsed.digest)))
            return by_digest if by_digest in self._images else None
        return self._tags.get(str(parsed.with_default_tag()))

    def held_elsewhere(self) -> set[str]:
        """Layers that somebody other than an image needs."""
        return {diff_id for holder in self._other_holders for diff_id in holder()}

    def _remember(self, image: StoredImage) -> None:
        self._images[image.id] = image
        for diff_id in image.diff_ids:
            self._images_of_layer.setdefault(diff_id, set()).add(image.id)

    def _neighbours(self, image_id: str) -> set[str]:
        """Images that share a layer with this one."""
        layers = self._images[image_id].diff_ids
        return {other for one in layers for other in self._images_of_layer.get(one, ())} - {image_id}

    def tell(self, image_id: str, action: str, name: str) -> None:
        """An event that changes nothing."""
        self._publish(image_id, self._event(action, image_id, name))

    def _event(self, action: str, image_id: str, name: str) -> Event:
        labels = self._images[image_id].config.labels
        return Event(
            time_ns=time.time_ns(),
            kind="image",
            action=action,
            id=image_id,
            name=name,
            attributes={**labels, "name": name},
        )

    def _untagged(self, image_id: str, name: str) -> Event:
        """As Docker has it, the name that went is not among the attributes."""
        event = self._event("untag", image_id, reference.parse(name).familiar)
        return msgspec.structs.replace(event, attributes={**event.attributes, "name": image_id})

    def _publish(self, image_id: str, event: Event | None = None) -> None:
        if image_id in self._images:
            self._bus.publish("image", image_id, self.snapshot(image_id), event)
        for member in self.indexes.members_of(image_id):  # what stands under its name
            if member in self._images:
                self._bus.publish("image", member, self.snapshot(member))

    def _publish_with_neighbours(self, image_id: str, event: Event | None) -> None:
        self._publish(image_id, event)
        for other in self._neighbours(image_id):
            self._publish(other)


def _layer_statement(layer: LayerRecord) -> Statement:
    return (
        "INSERT OR REPLACE INTO layers(diff_id, size, files, body) VALUES (?, ?, ?, ?)",
        (layer.diff_id, layer.size, layer.files, msgspec.json.encode(layer)),
    )


def _tag_statement(name: str, image_id: str) -> Statement:
    return ("INSERT OR REPLACE INTO image_tags(reference, image_id) VALUES (?, ?)", (name, image_id))


def _digest_statement(name: str, image_id: str) -> Statement:
    return ("INSERT OR REPLACE INTO image_digests(reference, image_id) VALUES (?, ?)", (name, image_id))
