"""Messages are made when the module is loaded; what they hold stands in messages.proto."""

from typing import Any

def __getattr__(name: str) -> Any: ...
