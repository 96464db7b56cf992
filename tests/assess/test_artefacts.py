"""The verdicts on a signed artefact are kept apart, and none is better than its proof."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.answer import Answer
from iotscan.model.facts import Payload, SignedArtefact, TrustedKey
from iotscan.model.vocabulary import Reason
from iotscan.wire.signing.public_keys import describe_key
from tests.wire.signing.made import NOW, a_certificate, a_key, a_signature

ROOT, SIGNER, OTHER, RAW = a_key(), a_key(), a_key(), a_key("ed25519")
AUTHORITY = a_certificate("root", ROOT, is_ca=True)
CERTIFICATE = a_certificate("signer", SIGNER, issuer=("root", ROOT))
COVERED = Payload(name="rootfs", digest="sha256", is_covered=True, matches=Answer.of(True))


def artefact(**changes: Any) -> SignedArtefact:
    given: dict[str, Any] = {
        "path": "update.raucb",
        "format": "rauc",
        "protection": "signed",
        "signatures": (a_signature(SIGNER, certificate=CERTIFICATE),),
        "payloads": (COVERED,),
    }
    return SignedArtefact(**(given | changes))


def anchor(certificate: Any = AUTHORITY, **more: Any) -> TrustedKey:
    return TrustedKey(**{"use": "rauc", "path": "/etc/rauc/ca.pem", "certificate": certificate} | more)


def state(found: SignedArtefact, *keys: TrustedKey) -> str:
    return judge_artefact(found, keys, NOW).state


def test_verified_needs_a_key_of_the_device() -> None:
    assert state(artefact()) == "present"
    assert state(artefact(), anchor()) == "verified"
    assert state(artefact(), anchor(use="mender")) == "present"
    assert state(artefact(), anchor(use="given")) == "verified"
    assert state(artefact(), anchor(a_certificate("root", OTHER, is_ca=True))) == "wrong-signer"
    assert judge_artefact(artefact(), [anchor()], NOW).by == anchor()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"protection": "none", "signatures": ()}, "unsigned"),
        ({"protection": "none", "signatures": (), "problem": "cut"}, "unknown"),
        ({"protection": "encrypted", "signatures": ()}, "encrypted"),
        ({"protection": "unknown", "signatures": ()}, "unknown"),
        ({"damage": "it is cut short"}, "broken"),
        ({"problem": "a limit"}, "present"),
        ({"payloads": (COVERED, msgspec.structs.replace(COVERED, matches=Answer.of(False)))}, "broken"),
        ({"payloads": (COVERED, msgspec.structs.replace(COVERED, is_covered=False))}, "broken"),
        ({"payloads": (msgspec.structs.replace(COVERED, matches=Answer.missing(Reason.NOT_ASKED)),)}, "present"),
        ({"signatures": (a_signature(OTHER, certificate=CERTIFICATE, fits=Answer.of(False)),)}, "broken"),
        ({"signatures": (a_signature(SIGNER, certificate=a_certificate("signer", SIGNER)),)}, "wrong-signer"),
    ],
)
def test_nothing_is_better_than_its_proof(changes: dict[str, Any], said: str) -> None:
    assert state(artefact(**changes), anchor()) == said


def test_a_signer_that_expired() -> None:
    old = a_certificate("signer", SIGNER, issuer=("root", ROOT), days=(-20, -10))
    assert state(artefact(signatures=(a_signature(SIGNER, certificate=old),)), anchor()) == "expired"


def test_a_keyring_that_goes_by_the_time_of_the_signature() -> None:
    """rauc with use-bundle-signing-time takes what was signed while its signer was valid, and nothing else."""
    old = a_certificate("signer", SIGNER, issuer=("root", ROOT), days=(-20, -10))
    root = anchor(a_certificate("root", ROOT, is_ca=True, days=(-30, 365)), by_signing_time=True)
    for days, said in ((15, "verified"), (5, "expired"), (25, "expired")):
        made = a_signature(SIGNER, certificate=old, claimed_time=NOW - timedelta(days=days))
        assert state(artefact(signatures=(made,)), root) == said
        assert state(artefact(signatures=(made,)), anchor()) == "expired"
    assert state(artefact(signatures=(a_signature(SIGNER, certificate=old),)), root) == "expired"


def test_a_bare_key() -> None:
    found = artefact(format="opkg-feed", signatures=(a_signature(RAW, fits=Answer.missing(Reason.NOT_ASKED)),))
    own = TrustedKey(use="opkg", path="/etc/opkg/keys/1", key=describe_key(RAW.public_key()))
    stranger = TrustedKey(use="opkg", path="/etc/opkg/keys/2", key=describe_key(a_key("ed25519").public_key()))
    assert state(found, own) == "verified"
    assert state(found, stranger) == "wrong-signer"
    assert state(found, stranger, own) == "verified"
    assert own.key is not None
    # A message that was too long to keep was tried where it lay.
    unkept = msgspec.structs.replace(found.signatures[0], over="")
    assert state(msgspec.structs.replace(found, signatures=(unkept,)), own) == "present"
    tried = msgspec.structs.replace(unkept, holds_with=(own.key.sha256,))
    assert state(msgspec.structs.replace(found, signatures=(tried,)), own) == "verified"
    failed = msgspec.structs.replace(unkept, fails_with=(own.key.sha256,))
    assert state(msgspec.structs.replace(found, signatures=(failed,)), own) == "wrong-signer"


def test_a_broken_key_of_the_device_is_none() -> None:
    assert state(artefact(), anchor(None, problem="damaged")) == "present"


def test_metadata_that_expired() -> None:
    assert state(artefact(expires=NOW), anchor()) == "expired"
    assert state(artefact(expires=NOW + timedelta(seconds=1)), anchor()) == "verified"
    assert state(artefact(expires=NOW), anchor(a_certificate("root", OTHER, is_ca=True))) == "wrong-signer"


def test_a_key_that_expired() -> None:
    day = timedelta(days=1)
    found = artefact(format="apt-feed", signatures=(a_signature(RAW),))
    old = TrustedKey(use="apt", path="/a", key=describe_key(RAW.public_key()), expires=NOW - day)
    assert state(found, old) == "expired"
    # The same key in a newer keyring.
    assert state(found, old, msgspec.structs.replace(old, path="/b", expires=NOW + day)) == "verified"


def test_a_key_of_another_name_is_not_asked() -> None:
    found = artefact(format="opkg-feed", signatures=(a_signature(RAW, key_hint="0123456789abcdef"),))
    own = TrustedKey(use="opkg", path="/k", key=describe_key(RAW.public_key()), name="0123456789abcdef")
    assert state(found, own) == "verified"
    assert state(found, msgspec.structs.replace(own, name="fedcba9876543210")) == "wrong-signer"
    assert state(found, msgspec.structs.replace(own, name="fedcba9876543210", use="given")) == "verified"
    assert state(found, msgspec.structs.replace(own, name="")) == "verified"


def test_a_certificate_given_for_a_format_of_bare_keys() -> None:
    """As U-Boot's documentation has it made: its own authority, by openssl's default, and for a month."""
    key = a_key()
    made = a_certificate("dev", key, is_ca=True)
    found = artefact(format="fit", signatures=(a_signature(key, fits=Answer.missing(Reason.NOT_ASKED)),))
    assert state(found, anchor(made, use="given")) == "verified"
    assert state(found, anchor(a_certificate("dev", OTHER, is_ca=True), use="given")) == "wrong-signer"
    old = a_certificate("dev", key, is_ca=True, days=(-40, -10))
    assert state(found, anchor(old, use="given")) == "verified"
    assert state(msgspec.structs.replace(found, format="other"), anchor(old, use="given")) == "expired"


def test_a_key_that_cannot_be_meant() -> None:
    """A key given for the image's bundles is no verdict on a feed in it that is signed in another way."""
    found = artefact(format="opkg-feed", path="/opt/feed", signatures=(a_signature(RAW),))
    rsa = describe_key(a_key("rsa").public_key())
    assert state(found, TrustedKey(use="given", path="k", key=rsa)) == "present"
    assert state(found, anchor(use="given")) == "present"
    assert state(msgspec.structs.replace(found, path=""), TrustedKey(use="given", path="k", key=rsa)) == "wrong-signer"
    assert state(found, TrustedKey(use="opkg", path="k", key=rsa)) == "wrong-signer"


def test_a_signer_of_another_name() -> None:
    """swupdate --forced-signer-name: what its authority has signed for somebody else is refused."""
    found = artefact(format="swupdate")
    assert state(found, anchor(use="swupdate", signer="signer")) == "verified"
    assert state(found, anchor(use="swupdate", signer="release")) == "wrong-signer"
