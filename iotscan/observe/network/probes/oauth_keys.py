"""The keys with which an authorization server signs its tokens (``jwks_uri``), where they stand on the same service."""

from typing import Any, Final

from iotscan.model.facts import OAuthDocument, PublishedKeys, WellKnown, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import ask_all
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.jwks import read_key_set

_CAP: Final = 256 * 1024
_FEW: Final = 3
"""Key sets that are fetched from one service."""


async def ask_oauth_keys(door: Door) -> Heard:
    """Fetch each key set that the metadata of this service name."""
    paths = [path for path in dict.fromkeys(d.keys_path for d in _documents(door)) if path][:_FEW]
    if not paths:
        return Heard(missed=(_gap("its keys are on another host, which is not asked"),))
    replies = await ask_all(door, [Ask(path=path, cap=_CAP) for path in paths])
    heard = [_keys(door, path, reply) for path, reply in zip(paths, replies, strict=True)]
    return Heard(
        facts=tuple(fact for fact in heard if isinstance(fact, PublishedKeys)),
        missed=tuple(gap for gap in heard if isinstance(gap, Missed)),
        excerpt=" ".join(paths)[:200],
    )


def _keys(door: Door, path: str, reply: Reply) -> PublishedKeys | Missed:
    if isinstance(reply, DialError):
        return missed(PublishedKeys, reply)
    if reply.status != 200:
        return _gap(f"{path} answers {reply.status}")
    found = None if reply.is_truncated or reply.is_opaque else read_key_set(reply.body)
    if found is None:
        return _gap(f"what {path} answers is no key set that can be read")
    return PublishedKeys(tls=speaks_tls(door.service), path=path, keys=found.keys, unread=found.unread)


def _documents(door: Door) -> tuple[OAuthDocument, ...]:
    return tuple(
        document
        for service, fact in door.known
        if service == door.service.name and isinstance(fact, WellKnown)
        for document in fact.oauth_documents
    )


def _names_keys(fact: Any) -> bool:
    return any("jwks_uri" in document.endpoints for document in fact.oauth_documents)


def _gap(detail: str) -> Missed:
    return Missed(
        need=kind_of(PublishedKeys), status=AttemptStatus.UNREADABLE, reason=Reason.NOT_OBSERVABLE, detail=detail
    )


PROBE = Probe(
    name="oauth-keys",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(PublishedKeys,),
    ask=ask_oauth_keys,
    stage=3,
    wants=(WellKnown,),
    after=WellKnown,
    where=_names_keys,
)
