"""Names of servers as they may be told: who knows such a name may be let in by it (remote access of smart homes)."""

from typing import Final

import msgspec

from iotscan.model.facts import HttpExchange, NameQuestion, TlsSession, UpdateContact
from iotscan.observe.traffic.conversation import Item
from iotscan.wire.secret_forms.opaque import masked_host

_FIELDS: Final[dict[type, str]] = {
    HttpExchange: "host",
    NameQuestion: "name",
    TlsSession: "server_name",
    UpdateContact: "host",
}


def with_shown_host(item: Item) -> Item:
    """The same with labels that look like a token hidden in the name of the server that is in it."""
    field = _FIELDS.get(type(item))
    name = getattr(item, field) if field else ""
    shown = masked_host(name)
    return item if shown == name or field is None else msgspec.structs.replace(item, **{field: shown})
