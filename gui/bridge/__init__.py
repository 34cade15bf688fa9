"""The only room that crosses threads: the engine's thread, the client pages hold, the mailboxes between.

`Engine`, `ByteStream` and `OperationHandle` are the facade's, named here for the functions that pages hand over.
"""

from engine.facade import ByteStream, Engine, OperationHandle
from gui.bridge.changes import ChangeSet, KindChange
from gui.bridge.client import EngineClient, Lease, OperationTicket
from gui.bridge.engine_thread import EngineClosed
from gui.bridge.terminal_link import TerminalLink

__all__ = [
    "ByteStream",
    "ChangeSet",
    "Engine",
    "EngineClient",
    "EngineClosed",
    "KindChange",
    "Lease",
    "OperationHandle",
    "OperationTicket",
    "TerminalLink",
]
