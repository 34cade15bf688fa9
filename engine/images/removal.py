"""Taking names and images away, and what that really frees. Rows go first, in one transaction; bytes follow behind.

Refused while containers use an image, and the refusal names them. Forced, the names go; the bytes stay for as long as a
container needs them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict, InvalidRequest, WherryError
from engine.images.known import configs, reference
from engine.types.data import ANY_LABELS
from engine.types.images import Removed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import StoredImage
    from engine.images.known.users import ImageUser
    from engine.images.layers.intake import LayerIntake
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore
    from engine.types.data import LabelRule


class Remover:
    def __init__(self, catalogue: Catalogue, layers: LayerStore, blobs: BlobStore, intake: LayerIntake) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._blobs = blobs
        self._intake = intake
        self._behind: set[asyncio.Task[int]] = set()

    async def settled(self) -> None:
        """Wait until what goes on behind has come to its end."""
        await asyncio.gather(*self._behind, return_exceptions=True)

    # --- what it would free ---

    def frees(self, image_ids: Iterable[str]) -> int:
        """Bytes, unpacked and compressed, that nobody would need any more. Images in use keep theirs."""
        going = [one for one in image_ids if one in self._catalogue.images and not self._catalogue.users_of(one)]
        return sum(self._layer_bytes(diff_id) for diff_id in self._catalogue.layers_only_in(going))

    def prunable(self, *, all_unused: bool, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> list[StoredImage]:
        """Images nothing uses: the nameless ones, or all of them."""
        return [
            image
            for image in self._catalogue.images.values()
            if (all_unused or not self._catalogue.tags_of(image.id))
            and not self._catalogue.users_of(image.id)
            and not self._held_by_an_index(image, all_unused=all_unused)
            and _older(image, until_ns)
            and labels.allows(image.config.labels)
        ]

    def _held_by_an_index(self, image: StoredImage, *, all_unused: bool) -> bool:
        """Whether the image that it was built with stays."""
        if self._catalogue.tags_of(image.id):
            return False
        owners = self._catalogue.indexes.owners_of(image.id)
        return any(self._catalogue.users_of(one) or (not all_unused and self._catalogue.tags_of(one)) for one in owners)

    def total(self) -> tuple[int, int]:
        """Bytes of all layers, each counted once; and of those that only unused images need."""
        going = self._catalogue.unheld_layers()  # removed already for all that anyone can see
        everything = sum(self._layer_bytes(diff_id) for diff_id in self._catalogue.layers if diff_id not in going)
        unused = [image.id for image in self._catalogue.images.values() if not self._catalogue.users_of(image.id)]
        return everything, self.frees(unused)

    # --- doing it ---

    async def remove(self, name: str, *, force: bool) -> Removed:
        image = self._catalogue.resolve(name)
        by_name = self._name_meant(name, image)
        if by_name:
            tags = self._catalogue.tags_of(image.id)
            if by_name not in tags:
                return await self._untag(image, [by_name], delete=not tags, force=force, by_name=by_name)
            names = [by_name, *self._digests_left_alone(image, by_name)]
            return await self._untag(image, names, delete=len(tags) == 1, force=force, by_name=by_name)
        repositories = {reference.parse(tag).name for tag in self._catalogue.tags_of(image.id)}
        if len(repositories) > 1 and not force:
            raise Conflict(
                f"Image {_short(image.id)} has names in {len(repositories)} repositories",
                "Removing it by its id would take them all.",
                code=Code.IN_USE,
                hint="Remove the names one by one, or force it.",
                details="\n".join(sorted(repositories)),
                subject=image.id,
                docker=f"conflict: unable to delete {_short(image.id)} (must be forced) - "
                "image is referenced in multiple repositories",
            )
        names = [*self._catalogue.tags_of(image.id), *self._catalogue.digests_of(image.id)]
        return await self._untag(image, names, delete=True, force=force)

    async def prune(self, *, all_unused: bool, until_ns: int, labels: LabelRule) -> Removed:
        untagged: list[str] = []
        deleted: list[str] = []
        freed = 0
        for image in self.prunable(all_unused=all_unused, until_ns=until_ns, labels=labels):
            try:
                done = await self._delete(image)
            except WherryError as error:
                if error.code not in (Code.IN_USE, Code.NOT_FOUND):  # changed under our hands: not ours to prune then
                    raise
                continue
            untagged += done.untagged
            deleted += done.deleted
            freed += done.bytes
        return Removed(untagged=tuple(untagged), deleted=tuple(deleted), bytes=freed)

    async def drop_layers(self, diff_ids: Iterable[str]) -> int:
        """Remove layers nobody holds, with their compressed forms. Gives the bytes."""
        freed = 0
        for diff_id in diff_ids:
            async with self._intake.lock(diff_id):
                record = self._catalogue.layers.get(diff_id)
                if record is None or diff_id not in self._catalogue.unheld_layers():
                    continue  # a pull found a use for it meanwhile
                await self._catalogue.forget_layers([diff_id])
                if self._layers.has(diff_id):
                    freed += await self._layers.remove(diff_id)
                if record.archive is not None:
                    freed += await self._blobs.remove(record.archive.digest)
        return freed

    def _drop_behind(self, diff_ids: Iterable[str]) -> None:
        """The same without making anyone wait. A crash before the end is made good by the sweep at the next start."""
        task = asyncio.get_running_loop().create_task(self.drop_layers(list(diff_ids)), name="remove layers")
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    async def _untag(
        self, image: StoredImage, names: Iterable[str], *, delete: bool, force: bool, by_name: str = ""
    ) -> Removed:
        users = self._catalogue.users_of(image.id)
        alive = [user for user in users if user.alive]
        if delete and users and (alive or not force):
            people = ", ".join(sorted(user.name for user in users))
            raise Conflict(
                f"{self._title(image)} is used by {people}",
                "Running containers need it." if alive else "Their containers could not start again without it.",
                code=Code.IN_USE,
                hint="Remove these containers first." if alive else "Remove these containers first, or force it.",
                details="\n".join(user.container_id for user in users),
                subject=users[0].container_id,
                docker=_conflict(image, (alive or users)[0], by_name=by_name),
            )
        if delete and not users:
            return await self._delete(image)
        gone = list(names)
        if delete or not self._has_tag_besides(image, gone):
            gone += [one for one in self._catalogue.digests_of(image.id) if one not in gone]
        for one in gone:
            await self._catalogue.untag(one)
        return Removed(untagged=tuple(reference.parse(one).familiar for one in gone))

    async def _delete(self, image: StoredImage) -> Removed:
        if users := self._catalogue.users_of(image.id):
            raise Conflict(f"{self._title(image)} is used by {users[0].name}", code=Code.IN_USE, subject=image.id)
        if image.id not in self._catalogue.images:
            raise InvalidRequest("The image is gone already", code=Code.NOT_FOUND, subject=image.id)
        names = [*self._catalogue.tags_of(image.id), *self._catalogue.digests_of(image.id)]
        going = self._catalogue.layers_only_in([image.id])
        await self._catalogue.remove(image.id)
        freed = sum(map(self._layer_bytes, going))
        self._drop_behind(going)
        others = await self._delete_members(image.id)
        return Removed(
            untagged=tuple(reference.parse(one).familiar for one in names),
            deleted=(image.id, *(one for one in image.diff_ids if one in going), *others.deleted),
            bytes=freed + others.bytes,
        )

    async def _delete_members(self, image_id: str) -> Removed:
        """Those that were built with it for other machines and that nobody can name any more go with it."""
        members = self._catalogue.indexes.members_of(image_id)
        await self._catalogue.indexes.drop(image_id)
        deleted: tuple[str, ...] = ()
        freed = 0
        for one in members:
            member = self._catalogue.images.get(one)
            if member is None or self._catalogue.tags_of(one) or self._catalogue.indexes.owners_of(one):
                continue
            with contextlib.suppress(Conflict):  # a container is made of it: it stays, without a name
                done = await self._delete(member)
                deleted += done.deleted
                freed += done.bytes
        for one in members:
            self._catalogue.refresh(one)
        return Removed(untagged=(), deleted=deleted, bytes=freed)

    def _name_meant(self, text: str, image: StoredImage) -> str:
        """The canonical name of the image that the text is, or "" if the text is an id."""
        try:
            parsed = reference.parse(text)
        except InvalidRequest:
            return ""
        if parsed.digest:
            name = str(parsed.with_digest(parsed.digest))
            return name if name in self._catalogue.digests_of(image.id) else ""
        name = str(parsed.with_default_tag())
        return name if name in self._catalogue.tags_of(image.id) else ""

    def _has_tag_besides(self, image: StoredImage, names: list[str]) -> bool:
        return any(tag not in names for tag in self._catalogue.tags_of(image.id))

    def _digests_left_alone(self, image: StoredImage, tag: str) -> list[str]:
        """The digest references of a tag's repository, where this is its last tag: nobody could find them by name."""
        repository = reference.parse(tag).name
        if any(reference.parse(one).name == repository for one in self._catalogue.tags_of(image.id) if one != tag):
            return []
        return [one for one in self._catalogue.digests_of(image.id) if reference.parse(one).name == repository]

    def _title(self, image: StoredImage) -> str:
        tags = self._catalogue.tags_of(image.id)
        return reference.parse(tags[0]).familiar if tags else f"Image {_short(image.id)}"

    def _layer_bytes(self, diff_id: str) -> int:
        record = self._catalogue.layers.get(diff_id)
        if record is None:
            return 0
        return record.size + (record.archive.size if record.archive is not None else 0)


def _conflict(image: StoredImage, user: ImageUser, *, by_name: str) -> str:
    """As Docker says it."""
    container = user.container_id[:12]
    if by_name and not user.alive:
        name = reference.parse(by_name).familiar
        return (
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {container} is using its referenced image {_short(image.id)}"
        )
    how, state = ("cannot be forced", "running") if user.alive else ("must be forced", "stopped")
    what = f"unable to delete {_short(image.id)} ({how})"
    return f"conflict: {what} - image is being used by {state} container {container}"


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def _older(image: StoredImage, until_ns: int) -> bool:
    created = configs.parse_time(image.document.created)
    return not until_ns or created is None or created.timestamp() * 1e9 < until_ns
