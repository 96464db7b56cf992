"""Documents at fixed addresses: security.txt (RFC 9116) and OAuth metadata (RFC 8414, OpenID Discovery)."""

from typing import Any, Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import WellKnown
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed
from iotscan.observe.network.probes.web import ask_all, control
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.http import HttpResponse

_SECURITY: Final = ("/.well-known/security.txt", "/security.txt")
_OAUTH: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_CAP = 64 * 1024
_MANY = 32


async def ask_well_known(door: Door) -> Heard:
    """Ask for what nobody has first: a host that gives that too says nothing by giving the others."""
    replies = await ask_all(door, _asks(door))
    nobody, security, oauth = replies[0], replies[1:3], replies[3:]
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(WellKnown, nobody),))
    contacts = [_answer(reply, nobody, read_security_txt) for reply in security]
    metadata = [_answer(reply, nobody, read_oauth_metadata) for reply in oauth]
    expires = next((a.value.get("expires", "") for a in contacts if a.is_answered and a.value), "")
    document: dict[str, Any] = next((a.value for a in metadata if a.is_answered and a.value), {})
    fact = WellKnown(
        security_txt=_settle(contacts),
        security_txt_expires=safe_text(expires, 80),
        oauth_metadata=_settle(metadata),
        oauth_issuer=safe_text(document.get("issuer", "")),
        oauth_insecure_endpoints=_texts([k for k in sorted(document) if _is_insecure(k, document[k])]),
        oauth_grants=_texts(document.get("grant_types_supported")),
        oauth_challenge_methods=_texts(document.get("code_challenge_methods_supported")),
    )
    return Heard(facts=(fact,))


def _asks(door: Door) -> tuple[Ask, ...]:
    return control(door), *(Ask(path=path, cap=_CAP, follow=True) for path in (*_SECURITY, *_OAUTH))


def read_security_txt(body: bytes) -> dict[str, str]:
    """Field names in lower case to values, when there is a Contact field; else empty. Never raises."""
    if body.lstrip()[:1] in (b"<", b"{"):
        return {}
    fields: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines()[:500]:
        name, colon, value = line.partition(":")
        if colon and value.strip() and name.isascii():
            fields.setdefault(name.strip().lower(), value.strip())
    return fields if fields.get("contact", "") else {}


def read_oauth_metadata(body: bytes) -> dict[str, Any]:
    """The metadata document, when it names an issuer and an endpoint (RFC 8414 section 2); else empty. Never raises."""
    try:
        document = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(document, dict) or not isinstance(document.get("issuer"), str):
        return {}
    return document if any(k.endswith("_endpoint") or k == "jwks_uri" for k in document) else {}


def _answer(reply: Reply, nobody: HttpResponse, read: Any) -> Answer[dict[str, Any]]:
    """The document of one reply, ``{}`` for its absence, or why that cannot be told."""
    if isinstance(reply, DialError):
        return Answer.missing(reply.reason or Reason.UNREACHABLE, str(reply))
    if reply.status in (401, 403, 407):
        return Answer.missing(Reason.NOT_OBSERVABLE, f"it answers {reply.status} without credentials")
    if reply.status >= 500 or reply.status == 429:
        return Answer.missing(Reason.UNREADABLE, f"it answers {reply.status}")
    if reply.is_redirect:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it sends the client elsewhere, which is not followed")
    if reply.status != 200:
        return Answer.of({})
    if reply.is_truncated or reply.is_opaque:
        return Answer.missing(Reason.UNREADABLE, "the document could not be read whole")
    found = read(reply.body)
    if found and nobody.status == 200 and (nobody.body == reply.body or read(nobody.body)):
        return Answer.missing(Reason.NOT_OBSERVABLE, "it gives the same for a path that nobody has")
    return Answer.of(found)


def _settle(answers: list[Answer[dict[str, Any]]]) -> Answer[bool]:
    """Present when one place has it, absent when every place was seen not to."""
    if any(a.is_answered and a.value for a in answers):
        return Answer.of(True)
    gap = next((a for a in answers if not a.is_answered), None)
    return Answer.missing(gap.reason or Reason.NOT_OBSERVABLE, gap.detail) if gap else Answer.of(False)


def _is_insecure(key: str, value: Any) -> bool:
    is_address = key.endswith("_endpoint") or key in ("issuer", "jwks_uri")
    return is_address and isinstance(value, str) and value.lower().startswith("http://")


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(safe_text(v, 80) for v in values[:_MANY] if isinstance(v, str))


PROBE = Probe(
    name="well-known",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(WellKnown,),
    ask=ask_well_known,
    stage=2,
    ahead=_asks,
)
