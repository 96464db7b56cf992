"""Roots that the user trusts besides those of the system and of Mozilla: PEM files, checked before anything is sent."""

from collections.abc import Iterable
from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text
from iotscan.observe.given_file import read_given
from iotscan.wire.certificates import UnreadableCertificate, read_bundle

LIMIT = 8 * 1024 * 1024
"""Bytes of one file: all of Mozilla's roots take a quarter of a megabyte."""
_TAKEN = frozenset({"system", "Mozilla"})


def read_trust_stores(files: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each file with the name that a report gives it. Raises BadInput for one that holds no certificates."""
    stores: dict[str, str] = {}
    for file in files:
        _require_certificates(Path(file))
        short = safe_text(Path(file).name, 60)
        name = short if short not in stores and short not in _TAKEN else safe_text(file, 200)
        stores.setdefault(name, file)
    return tuple(stores.items())


def _require_certificates(path: Path) -> None:
    try:
        text = read_given(path, LIMIT + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadInput(f"--trust-store {safe_text(str(path))} cannot be read: {why}") from error
    if len(text) > LIMIT:
        raise BadInput(f"--trust-store {safe_text(str(path))} is larger than {LIMIT >> 20} MiB: no bundle of roots is")
    try:
        read_bundle(text)
    except UnreadableCertificate as error:
        raise BadInput(
            f"--trust-store {safe_text(str(path))} holds no certificates that can be read: it has to be PEM, as "
            "openssl x509 -outform pem writes it"
        ) from error
