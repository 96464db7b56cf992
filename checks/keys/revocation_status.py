"""The certificate has not been revoked.

## What it looks at
What CRLs and OCSP responses say of the server's certificate and of the intermediates above it: those that the server
staples, those that you give (`--crl FILE`, `--ocsp-response FILE`), and, with the grant `--fetch-revocation`, those
that lie where the certificates say, as far as that is in scope. Only what the issuer signed, or a responder that it
appointed, is an answer, about this very serial number, and while it is fresh at the date of the run. A revocation is
final: an old list tells of it as well as a new one, unless the certificate was only put on hold. Delta CRLs count with
the list that they build on; indirect CRLs are named and not judged. An issuer that the server does not send is
looked for in your trust stores and, as PEM, in the file of the list.

## Why it matters
A certificate is revoked because its key leaked, or because it was issued to the wrong one. Whoever has that key can
be the server for every client that does not ask, until the certificate ends.

## How to fix
Put a new key and a new certificate on the device, and find out why the old one was revoked: with `keyCompromise`,
whatever that key protected may be in other hands. Where it was revoked by mistake, ask the CA for a new certificate; a
revocation is not taken back. For a device whose issuer names no list here, ask the issuer for one and give it with
`--crl`.

## References
- RFC 5280 sections 5 and 6.3 (CRLs)
- RFC 6960 sections 3.2 and 4.2.2.2 (which OCSP response may be believed)
- RFC 9325 section 7.5
"""

from collections.abc import Iterator

from iotscan.sdk import (
    ANY_CERTIFICATE,
    AsOf,
    Certificate,
    CertificateChain,
    Reason,
    Returned,
    RevocationAnswer,
    RevocationStatus,
    Target,
    ask_tls,
    bad,
    check,
    clause,
    command,
    good,
    save_certificate,
    skip,
    unknown,
)

HOLD = "certificateHold"
GIVE = "give a list with --crl or a response with --ocsp-response"
NOBODY = "the issuer of the certificate is not known"
ISSUER = "; the certificate of an issuer that is missing can be given "


@check(
    id="revocation-status",
    aliases=("CRT-009",),
    title="The certificate has not been revoked",
    element="keys",
    variants={
        "revoked": ("critical", "The server's certificate has been revoked"),
        "intermediate-revoked": ("critical", "A certificate of an authority above it has been revoked"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.1.11"),
        clause("RFC 9325", "2022", "7.5"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "configuration", "key-rotation", "network", "tls"),
    since="0.1",
    effort="medium",
)
def revocation_status(status: RevocationStatus, chain: CertificateChain, as_of: AsOf, target: Target) -> Returned:
    """A revocation counts, whoever else says otherwise; a pass wants a fresh answer about the leaf."""
    for position, certificate in chain.placed:
        about = [a for a in status.answers if a.position == position]
        for answer in revocations(about, as_of):
            return revoked(position, certificate, answer, chain, target)
    leaf = chain.leaf
    if leaf.is_root:
        return skip("it is signed by itself: there is nobody who could revoke it")
    of_leaf = [a for a in status.answers if a.position == 0]
    fresh = [a for a in of_leaf if not a.refusal_at(as_of)]
    proof = next((a for a in fresh if a.status == "good"), None)
    if proof is not None:
        return good(f"not revoked, as {told(proof)}{others(status, chain, as_of)}")
    if fresh:
        return unknown(f"{fresh[0].where}: the responder does not know the certificate", reason=Reason.UNREADABLE)
    is_image = bool(target.subject.image)
    issuer = f"{ISSUER}{'beside the list, in one PEM file' if is_image else 'with --trust-store'}"
    if of_leaf:
        whys = "; ".join(dict.fromkeys(f"{a.where}: {a.refusal_at(as_of)}" for a in of_leaf[:3]))
        if all(a.problem.startswith(NOBODY) for a in of_leaf):
            return unknown(f"no answer on its revocation can be judged: {whys}{issuer}")
        return unknown(f"no answer on its revocation can be believed: {whys}", reason=Reason.UNREADABLE)
    if status.unfetched:
        if status.unfetched_because.startswith(NOBODY):
            return unknown(f"{status.unfetched[0]} was not asked: {status.unfetched_because}{issuer}")
        is_grant_wanting = "--fetch-revocation" in status.unfetched_because
        reason = Reason.CONSENT if is_grant_wanting else Reason.OUT_OF_SCOPE
        reason = Reason.NOT_OBSERVABLE if is_image else reason
        how = f"{GIVE}, or grant --fetch-revocation" if is_grant_wanting else GIVE
        return unknown(f"{status.unfetched[0]} was not asked: {status.unfetched_because}; {how}", reason=reason)
    return skip("it names nobody who could be asked whether it was revoked, and nothing was given that says so")


def revocations(answers: list[RevocationAnswer], as_of: AsOf) -> Iterator[RevocationAnswer]:
    """Those that hold at a date: a hold may have been lifted, every other revocation stays."""
    for answer in answers:
        if answer.status != "revoked" or answer.problem or answer.is_ahead_of(as_of):
            continue
        if answer.reason == HOLD:
            is_over = any(is_later(a, answer) and not a.refusal_at(as_of) for a in answers if a.status == "good")
            if not is_over and not answer.refusal_at(as_of):
                yield answer
        else:
            yield answer


def is_later(answer: RevocationAnswer, than: RevocationAnswer) -> bool:
    """Whether it was made after another; a delta that was made with its list says the last word."""
    if answer.this_update is None or than.this_update is None:
        return False
    is_delta = answer.source == "delta-crl" and than.source == "crl"
    return answer.this_update > than.this_update or (is_delta and answer.this_update == than.this_update)


def told(answer: RevocationAnswer) -> str:
    """Who says so, and when."""
    what = {"staple": "the stapled OCSP response", "ocsp": "the OCSP response", "crl": "the CRL"}
    named = what.get(answer.source, "the delta CRL")
    where = "" if answer.source == "staple" else f" {answer.where}"
    return f"{named}{where} of {answer.this_update:%Y-%m-%d} by {answer.signer} says"


def others(status: RevocationStatus, chain: CertificateChain, as_of: AsOf) -> str:
    """The intermediates of which nothing is known."""
    known = {a.position for a in status.answers if a.status == "good" and not a.refusal_at(as_of)}
    above = [p for p, c in chain.placed if p and not c.is_self_issued]
    return "; of the authorities above it nothing was heard" if set(above) - known else ""


def revoked(
    position: int, certificate: Certificate, answer: RevocationAnswer, chain: CertificateChain, target: Target
) -> Returned:
    """A finding, with the reason and the date."""
    whose = "the server's certificate" if position == 0 else f"the authority {certificate.subject}"
    why = f" for {answer.reason}" if answer.reason else ""
    line, shows = reproduced(position, certificate, answer, chain, target)
    return bad(
        "intermediate-revoked" if position else "revoked",
        f"{whose} was revoked on {answer.revoked_at:%Y-%m-%d}{why}",
        observed=f"serial {certificate.serial}, as {told(answer)}",
        expected="a certificate that its issuer has not taken back",
        reproduce=line,
        shows=shows,
    )


def reproduced(
    position: int, certificate: Certificate, answer: RevocationAnswer, chain: CertificateChain, target: Target
) -> tuple[str, str]:
    """A line that shows it, and what it prints then; none where the issuer's certificate was not sent."""
    serial = certificate.serial.upper()
    padded = serial.rjust(len(serial) + len(serial) % 2, "0")
    is_url = answer.where.startswith("http://")
    if answer.source == "staple":
        line = ask_tls(target, "-status", *ANY_CERTIFICATE, show="Cert Status", opening=chain.opening)
        return line, "Cert Status: revoked"
    if answer.source == "ocsp" and not is_url:
        return f"{command('openssl', 'ocsp', '-respin', answer.where, '-noverify', '-resp_text')} 2>&1", (
            "Cert Status: revoked"
        )
    if answer.source == "ocsp":
        if not any(p == position + 1 for p, _ in chain.placed):
            return "", ""
        saved = save_certificate(target, position + 1, opening=chain.opening)
        asked = command("-serial", f"0x{serial}", "-url", answer.where, "-noverify")
        line = f'f=$(mktemp); {saved} && openssl ocsp -issuer "$f" {asked} 2>&1; rm "$f"'
        return line, f"0x{serial}: revoked"
    # The URL is the device's word: without -g curl takes [1-9] and {a,b} in it for many URLs.
    fetched = f"{command('curl', '-gs', '-m', '9', answer.where)} | " if is_url else ""
    read = command("openssl", "crl", *(("-inform", "DER") if is_url else ("-in", answer.where)), "-noout", "-text")
    return f"{fetched}{read} | {command('grep', '-A', '1', f'Serial Number: {padded}')}", "Revocation Date"
