"""No long-lived token stands in the files of the image.

## What it looks at
The JWTs in the text files of the image that have not expired: whether they ever do and how long they are good, and
whether a guessable key signs them (a short list, tried here and offline). Documentation and tests do not count. That a
token stands in the image at all is `hard-coded-secrets`'s to say; tokens in traffic are `token-lifetime`'s.

## Why it matters
A token in an image is on every device and in the hands of all who unpack it. Until it expires it opens the same account
for each of them; one that a guessable key signs shows how to write further ones, for any device.

## How to fix
Withdraw the token where it was issued. Let each device get tokens of its own that live for minutes to hours, with a
credential that it was given at manufacture. Sign with ES256, EdDSA or RS256, or with a random key of at least 32 bytes
(`openssl rand -base64 32`).

## References
- RFC 8725 sections 2.1 and 3.5; RFC 9700 section 2.2; CWE-798
- ETSI EN 303 645 V3.1.3 provision 5.4-3; OWASP ISVS 2.1.9 (git edfda29b)
"""

from iotscan.sdk import (
    AsOf,
    EmbeddedSecret,
    EmbeddedSecrets,
    Policy,
    Returned,
    Subject,
    Target,
    Token,
    Verdict,
    bad,
    check,
    clause,
    counted,
    good,
    parameter,
    skip,
    token_faults,
    token_name,
    token_part,
    unknown,
)

VARIANTS = {
    "guessable": ("critical", "A guessable key signs a token that stands in the image"),
    "endless": ("high", "A token that never expires stands in the image"),
    "long": ("medium", "A token that is good for longer than the policy allows stands in the image"),
}


@check(
    id="embedded-token-lifetime",
    aliases=("CLD-011-I",),
    title="No long-lived token stands in the files of the image",
    element="cloud",
    variants=VARIANTS,
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-3"),
        clause("OWASP ISVS", "edfda29b", "2.1.9"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "image", "root-filesystem"),
    since="0.1",
    confidence="firm",
    effort="medium",
    parameters={"hours": parameter("integer", "The longest life of a token", default=24, unit="hours")},
)
def embedded_token_lifetime(found: EmbeddedSecrets, policy: Policy, as_of: AsOf, target: Target) -> Returned:
    """Judge each token that is still good; a key that is guessable is so for ever."""
    if not found.files_searched:
        return unknown("no file was searched for tokens")
    tokens = [(s, s.token) for s in found.secrets if s.token is not None and not s.in_documentation]
    ended = [token for _, token in tokens if token.expires is not None and token.expires < as_of]
    findings = [
        _finding(secret, token, variant, words, target)
        for secret, token in tokens
        for variant, words in token_faults(token, policy.integer("hours"))
        if variant in VARIANTS and (variant == "guessable" or token not in ended)
    ]
    if findings:
        return findings
    closed = [token for _, token in tokens if not token.lifetime.is_answered and token not in ended]
    if closed or found.is_cut_off:
        return unknown("how long a token in the image is good is not known" if closed else "not all secrets are listed")
    if not tokens:
        return skip(f"no JWT stands in {counted(found.files_searched, 'file')}")
    return good(f"{counted(len(tokens), 'token')}, {len(ended)} expired, none long-lived")


def _finding(secret: EmbeddedSecret, token: Token, variant: str, words: str, target: Target) -> Verdict:
    place = Subject(image=target.subject.image, path=secret.path, line=secret.line)
    return bad(
        variant,
        f"a token in the image: {words}",
        observed=f"{place}: {token_name(token)}",
        expected="no token in the image; each device gets its own, which expires within hours",
        about=place,
        part=f"{variant} {token_part(token)}",
    )
