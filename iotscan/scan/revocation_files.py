"""CRLs and OCSP responses that the user gives: files, checked before anything is sent."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text
from iotscan.observe.given_file import GivenFile
from iotscan.observe.revocation import PEM_CAP, read_file
from iotscan.wire.revocation.files import lists_in, responses_in
from iotscan.wire.revocation.ocsp import Unreadable

_TAKEN = frozenset({"handshake"})


def read_revocation_files(crls: Iterable[str], responses: Iterable[str]) -> tuple[GivenFile, ...]:
    """Each file with the name that a report gives it. Raises BadInput for one that holds nothing of its kind."""
    found: dict[str, GivenFile] = {}
    for file in crls:
        _require(file, "--crl", lists_in, "CRL: it has to be DER or PEM, as openssl crl -outform pem writes it")
        _add(found, "crl", file)
    for file in responses:
        _require(
            file, "--ocsp-response", responses_in, "OCSP response: it has to be DER, as openssl ocsp -respout does"
        )
        _add(found, "ocsp", file)
    return tuple(found.values())


def _add(found: dict[str, GivenFile], kind: Literal["crl", "ocsp"], file: str) -> None:
    short = safe_text(Path(file).name, 60)
    name = short if short not in found and short not in _TAKEN else safe_text(file, 200)
    found.setdefault(name, GivenFile(kind=kind, name=name, path=file))


def _require(file: str, option: str, read: Callable[..., object], wanted: str) -> None:
    shown = safe_text(file, 300)
    try:
        data = read_file(file)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadInput(f"{option} {shown} cannot be read: {why}") from error
    if len(data) > PEM_CAP:
        raise BadInput(f"{option} {shown} is larger than {PEM_CAP >> 20} MiB: that is more than is read of one")
    try:
        read(data, where="")
    except Unreadable as error:
        raise BadInput(f"{option} {shown} holds no readable {wanted} ({error})") from error
