"""The certificates of a machine that is reached by tcp:// with TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.machines.machine_list import Entry


def context_for(entry: Entry) -> ssl.SSLContext:
    """Raises OSError (ssl.SSLError is one) where a file cannot be used."""
    context = ssl.create_default_context(cafile=entry.ca or None)
    if entry.unchecked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if entry.certificate:
        context.load_cert_chain(entry.certificate, entry.key or None)
    return context
