"""Whether an answer of an interface for programs holds data, by its structure. No value of it is kept. Never raises.

An index of links, a greeting with a version, and an error are no data: what is left out here only *might* be some.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.text import safe_text

_NODES: Final = 5000
_DEPTH: Final = 6
_NAMES: Final = 8
_NAME: Final = 40
_LEAST: Final = 2
"""Values that make a record of an object: one alone may be a word on the interface."""
_ERRORS: Final = frozenset({"error", "errors", "fault", "exception"})
_ABOUT_ITSELF: Final = frozenset(
    """
    id name title type kind description summary message detail status state code reason instance timestamp path paths
    version versions api apiversion apiversions api_version min_version max_version build release commit revision date
    updated created ok success result health healthy uptime service application app environment docs documentation
    openapi swagger host basepath author homepage method methods verb verbs href rel url uri
    link links templated field parameter required scope scopes format media content_type contenttype lang language
    locale copyright time now default
    sid session sessionid session_id connection connectionid connection_id heartbeat heartbeatinterval
    heartbeat_interval pinginterval ping_interval pingtimeout ping_timeout maxpayload nonce challenge realm algorithm
    """.split()  # noqa: SIM905  # as prose it can be read
)
"""Members in which an interface tells of itself, and not of what it keeps."""
_ASIDE: Final = frozenset(
    """
    version versions vendor build info link links doc docs documentation license contact paths path endpoints routes
    features capabilities extensions parameters schema schemas serveraddressbyclientcidrs
    meta page pagination paging cursor limits ratelimit rate_limit ratelimits rate_limits
    """.split()  # noqa: SIM905  # as prose it can be read
)
"""Members below which an interface goes on telling of itself."""
_LINKS: Final = ("http://", "https://", "ws://", "wss://", "/", "./", "../")


class DataShape(msgspec.Struct, frozen=True, kw_only=True):
    """How many records an answer holds, and the names of their values (safe text, the first that come)."""

    records: int
    members: tuple[str, ...]


def read_data(body: bytes) -> DataShape | None:
    """The shape of the data in a JSON object or array; None for anything else, and where there is none."""
    try:
        document = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(document, dict | list) or _is_about_interface(document):
        return None
    # An object at the root may be a greeting: CouchDB and Elasticsearch give their uuids to everybody.
    records = [values for node in _objects(document) if len(values := _values(node)) >= _LEAST]
    if not records:
        return None
    names = dict.fromkeys(name for values in records for name in values)
    return DataShape(records=len(records), members=tuple(safe_text(n, _NAME) for n in list(names)[:_NAMES]))


def _is_about_interface(document: Any) -> bool:
    """An error, a description of an interface (OpenAPI), or metadata of a login (OAuth, OpenID Connect)."""
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return False
    names = {str(name).lower() for name in first}
    return bool(names & (_ERRORS | {"openapi", "swagger", "issuer", "asyncapi", "$schema", "@context"}))


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object below the root, those that lie deep or come late left out."""
    queue, seen = deque([(document, 0)]), 0
    while queue and seen < _NODES:
        node, depth = queue.popleft()
        seen += 1
        if isinstance(node, dict) and depth:
            yield node
        if depth < _DEPTH:
            queue.extend((child, depth + 1) for child in _inner(node)[:_NODES])


def _inner(node: Any) -> list[Any]:
    if isinstance(node, dict):
        inner = [value for name, value in node.items() if name.lower().strip("_") not in _ASIDE]
    else:
        inner = node if isinstance(node, list) else []
    return [child for child in inner if isinstance(child, dict | list)]


def _values(node: dict[str, Any]) -> list[str]:
    """Names of members that hold something of their own."""
    return [name for name, value in node.items() if name.lower().strip("_") not in _ABOUT_ITSELF and _is_value(value)]


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and not value.lower().startswith(_LINKS)
    return isinstance(value, bool | int | float)
