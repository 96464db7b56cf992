"""HTTP authentication: challenges read, Basic and Digest answered (RFC 9110 §11, RFC 7617, RFC 7616)."""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(rf'({_WORD})[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|{_WORD})[ \t]*(?:,|$)[ \t,]*')
_SCHEME = re.compile(rf"({_WORD})(?:[ \t]+|[ \t]*(?:,[ \t,]*|$))")
_BLOB = re.compile(r"[A-Za-z0-9\-._~+/]+=*[ \t]*(?:,[ \t,]*|$)")
_LONGEST_HEADER = 8192
_ALGORITHMS: Final = frozenset({"md5", "sha-256"})


class AuthChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """One challenge: scheme and parameter names in lower case, values without their quotes."""

    scheme: str
    parameters: dict[str, str] = {}


def read_challenges(header: str) -> tuple[AuthChallenge, ...]:
    """The challenges in a WWW-Authenticate field value; what cannot be read ends the list. Never raises."""
    header = header[:_LONGEST_HEADER].strip(" \t,")
    found: list[AuthChallenge] = []
    at = 0
    while at < len(header) and (scheme := _SCHEME.match(header, at)):
        at = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, at):
            parameters.setdefault(parameter[1].lower(), _unquote(parameter[2]))
            at = parameter.end()
        if not parameters and (blob := _BLOB.match(header, at)) and blob[0].rstrip(" \t,").endswith("="):
            at = blob.end()
        found.append(AuthChallenge(scheme=scheme[1].lower(), parameters=parameters))
    return tuple(found)


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if value.startswith('"') else value


def basic(user: str, password: str) -> str:
    """The Authorization field value of the Basic scheme, in UTF-8."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def choose(challenges: Iterable[AuthChallenge]) -> AuthChallenge | None:
    """The challenge that can be answered: Basic, else Digest with an algorithm and qop we know; None without one."""
    several = tuple(challenges)
    answerable = [c for c in several if c.scheme == "basic"]
    answerable += [c for c in several if c.scheme == "digest" and _is_answerable_digest(c.parameters)]
    return answerable[0] if answerable else None


def _is_answerable_digest(parameters: dict[str, str]) -> bool:
    algorithm = parameters.get("algorithm", "md5").lower().removesuffix("-sess")
    qops = _qops(parameters)
    return algorithm in _ALGORITHMS and "nonce" in parameters and (not qops or "auth" in qops)


def _qops(parameters: dict[str, str]) -> set[str]:
    return {q.strip().lower() for q in parameters.get("qop", "").split(",") if q.strip()}


def digest(
    challenge: AuthChallenge, user: str, password: str, *, path: str, cnonce: str, count: int = 1, method: str = "GET"
) -> str:
    """The Authorization field value that answers a Digest ``challenge`` for one request (RFC 7616 §3.4).

    ``challenge`` is one that :func:`choose` returned; ``count`` is how often its nonce has been used.
    """
    given = challenge.parameters
    algorithm = given.get("algorithm", "MD5")
    realm, nonce = given.get("realm", ""), given["nonce"]

    def hashed(*parts: str) -> str:
        text = ":".join(parts).encode()
        if algorithm.lower().startswith("md5"):
            return hashlib.md5(text, usedforsecurity=False).hexdigest()
        return hashlib.sha256(text).hexdigest()

    secret = hashed(user, realm, password)
    if algorithm.lower().endswith("-sess"):
        secret = hashed(secret, nonce, cnonce)
    request = hashed(method, path)
    counted = f"{count:08x}"
    quoted = {"username": user, "realm": realm, "nonce": nonce, "uri": path}
    plain: dict[str, str] = {}
    if "algorithm" in given:
        plain["algorithm"] = algorithm
    if _qops(given):
        quoted["cnonce"] = cnonce
        plain |= {"qop": "auth", "nc": counted}
        quoted["response"] = hashed(secret, nonce, counted, cnonce, "auth", request)
    else:
        quoted["response"] = hashed(secret, nonce, request)
    if "opaque" in given:
        quoted["opaque"] = given["opaque"]
    fields = [f'{k}="{_escape(v)}"' for k, v in quoted.items()] + [f"{k}={v}" for k, v in plain.items()]
    return "Digest " + ", ".join(fields)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
