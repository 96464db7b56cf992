"""Which of the authorities that a server accepts for its clients are roots of the web, where anybody gets certificates.

By Mozilla's list alone: what a machine trusts besides may well be the company's own.
"""

import warnings
from functools import cache
from pathlib import Path

from cryptography import x509

from iotscan.model.text import safe_text
from iotscan.wire.distinguished_names import name_text, read_name


def public_among(names: list[str]) -> list[str]:
    """Those of ``names`` (in the text of :func:`.distinguished_names.name_text`, made safe) that are roots of the web.

    Raises OSError where Mozilla's list is not there.
    """
    public = _subjects()
    return [name for name in names if name in public]


@cache
def _subjects() -> frozenset[str]:
    from sslyze.plugins.certificate_info.trust_stores import trust_store_repository

    path = Path(trust_store_repository.__file__).parent / "pem_files" / "mozilla_nss.pem"
    # Old roots have odd serial numbers, and the library warns of each.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        roots = x509.load_pem_x509_certificates(path.read_bytes())
    parts = (read_name(root.subject.public_bytes()) for root in roots)
    return frozenset(safe_text(name_text(found)) for found in parts if found)
