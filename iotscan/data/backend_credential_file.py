"""The file of ``--backend-credential``: what a device of yours logs in with at a broker, and what it may not hear.

Schema ``iotscan/backend-credentials@1``. No message repeats a word of it.
"""

from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.strict_yaml import BadYaml
from iotscan.data.typed_yaml import read_typed
from iotscan.model.secret import Secret
from iotscan.model.text import safe_text

SCHEMA: Final = "iotscan/backend-credentials@1"
_MOST: Final = 16
_LONGEST: Final = 1024
_ALL: Final = "#"
_ALL_ELSE: Final = "+/+/#"
"""What some brokers grant that refuse ``#`` as it stands (EMQX, default ``acl.conf``)."""


class WrittenCredential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential as it is written; see :class:`BackendCredential`."""

    backend: str
    user: str
    password: str
    client_id: str = ""
    may_hear: tuple[str, ...] = ()
    must_not_hear: tuple[str, ...] = ("#",)
    certificate_sha256: str = ""


class WrittenBackendCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it is written."""

    credentials: tuple[WrittenCredential, ...]


class BackendCredential(msgspec.Struct, frozen=True, kw_only=True):
    """One credential. ``backend`` is ``HOST:PORT`` as it is written in the file.

    ``may_hear`` are the topics that are the device's own, or everybody's; ``must_not_hear`` those that are not, all
    where nothing is said (``#``, and ``+/+/#`` beside it). ``certificate_sha256`` pins the certificate of a broker that
    no store vouches for.
    """

    backend: str
    user: str
    password: Secret
    client_id: str = ""
    may_hear: tuple[str, ...] = ()
    must_not_hear: tuple[str, ...] = ("#",)
    certificate_sha256: str = ""


def read_backend_credentials(path: Path) -> tuple[BackendCredential, ...]:
    """The credentials of a file. Raises BadInput, which never holds a word of it."""
    file = read_typed(path, WrittenBackendCredentials, schema=SCHEMA, hushed=True)
    written = file.value.credentials
    if not written or len(written) > _MOST:
        raise file.bad(f"write 1 to {_MOST} credentials", "credentials")
    return tuple(_credential(one, path, file.document.line("credentials", index)) for index, one in enumerate(written))


def _credential(one: WrittenCredential, path: Path, line: int) -> BackendCredential:
    pin = one.certificate_sha256.lower().removeprefix("sha256:").replace(":", "")
    problem = ""
    if not one.user or not one.password:
        problem = "a credential has a user and a password"
    elif any(len(text.encode()) > _LONGEST for text in (one.user, one.password, one.client_id)):
        problem = f"a user, a password and a client id have at most {_LONGEST} bytes"
    elif pin and not (len(pin) == 64 and set(pin) <= set("0123456789abcdef")):
        problem = "certificate_sha256 is the SHA-256 of the certificate, 64 hexadecimal digits"
    elif not all(map(is_filter, (*one.may_hear, *one.must_not_hear))):
        problem = "may_hear and must_not_hear hold topic filters of MQTT: devices/device-2/#"
    elif not one.must_not_hear:
        problem = "must_not_hear names the topics of others; leave it out for all topics"
    elif not one.may_hear and one.must_not_hear == (_ALL,):
        problem = (
            "name the device's own topics in may_hear, or those of others in must_not_hear: what it hears of itself is "
            "told from what others say by nothing else"
        )
    if problem:
        raise BadYaml(path, line, 0, problem)
    return BackendCredential(
        backend=one.backend,
        user=one.user,
        password=Secret(one.password),
        client_id=one.client_id,
        may_hear=one.may_hear,
        must_not_hear=(*one.must_not_hear, *([_ALL_ELSE] if _ALL in one.must_not_hear else ())),
        certificate_sha256=pin,
    )


def is_filter(text: str) -> bool:
    """Whether a text is a topic filter (MQTT 5.0 section 4.7.1) that fits on a line of a report."""
    levels = text.split("/")
    has_wildcards_alone = all(level in ("+", "#") or not set("+#") & set(level) for level in levels)
    return 0 < len(text) <= 200 and safe_text(text, 200) == text and has_wildcards_alone and "#" not in levels[:-1]
