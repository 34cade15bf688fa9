"""Every reader of what strangers write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.contents import CONTENTS
from tests.fuzz.recipes import RECIPES
from tests.fuzz.talk import TALK

if TYPE_CHECKING:
    from tests.fuzz.reader import Reader

READERS: tuple[Reader, ...] = (*RECIPES, *CONTENTS, *TALK)
