"""A store with images in it, and nothing else of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.image_engine import opened_images

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.images.image_service import ImageService
    from tests.support.stores import ShortTmp


@pytest.fixture
async def images(short_tmp: ShortTmp) -> AsyncIterator[ImageService]:
    async with opened_images(short_tmp.root, short_tmp.run) as service:
        yield service
