"""Keys of tokens are strong, and their private half is shown to nobody.

## What it looks at
The key set to which an authorization server's metadata lead (`jwks_uri`), where it stands on the same service: whether
a private half or a symmetric key is in it, whether the keys are long enough, and whether anybody can compute the
private half of an RSA key, downloads it, or finds it in an image of the same run. No token is asked for or made.

## Why it matters
Whoever has the key writes any token: as every user, with every right, for as long as they like. Key sets are there to
be read by everybody, so that a private half in one is published; it happens where a program hands out its own
configuration in place of the public part. A symmetric key in a set is that of all tokens signed with HS256.

## How to fix
Take the key out of use at once and make a new one: tokens signed with the old one can no longer be told from forged
ones. Serve only the public members (`kty`, `n`, `e` or `crv`, `x`, `y`, with `kid`, `use`, `alg`): joserfc
`key.as_dict(private=False)`, jose4j `toJson(PUBLIC_ONLY)`, node-jose `keystore.toJSON(false)`. Use EC P-256, Ed25519 or
RSA of 2048 bits and more, made on the server at random, and rotate them.

## References
- RFC 7517 sections 5 and 9.2 (key sets; private and symmetric keys must not be disclosed); RFC 7518 sections 3.3, 6
- RFC 8725 section 3.5 (keys with enough entropy); NIST SP 800-57 part 1 revision 5 table 2
"""

from collections.abc import Iterator

from iotscan.sdk import (
    Keyring,
    PublishedKey,
    PublishedKeys,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    spki_digest,
    unknown,
)

LEAST = {"rsa": 2048, "ec": 224, "okp": 224}
EXPECTED = "public halves of keys that were made at random on this server"


@check(
    id="oauth-keys",
    title="Keys of tokens are strong, and their private half is shown to nobody",
    element="keys",
    variants={
        "private": ("critical", "The key set shows the private half of a key of tokens"),
        "symmetric": ("critical", "The key set shows a symmetric key of tokens"),
        "known": ("critical", "The private half of a key of tokens lies where others can read it"),
        "computable": ("critical", "Anybody can compute the private half of a key of tokens"),
        "short": ("high", "A key of tokens is too short"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "CCK-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "crypto", "network", "private-keys", "web"),
    since="0.1",
    effort="medium",
)
def oauth_keys(published: PublishedKeys, keyring: Keyring, target: Target) -> Returned:
    """Judge each key; a set in which none could be read stays open."""
    url = target.url("https" if published.tls else "http", published.path)
    shown = command("curl", "-g", "-k", "-s", "-m", "4", url) + " | tr -d ' \\n\\r\\t'"
    found = [verdict for key in published.keys for verdict in judge(key, shown, keyring)]
    if found:
        return found
    unread = published.unread + sum(not key.spki for key in published.keys)
    if unread or not published.keys:
        return unknown(f"{unread or 'none'} of the keys at {published.path} could not be read")
    return good(
        "its key set shows public halves alone, and all are strong",
        observed=", ".join(dict.fromkeys(described(key) for key in published.keys)),
    )


def judge(key: PublishedKey, shown: str, keyring: Keyring) -> Iterator[Verdict]:
    """What is wrong with one key."""
    for variant, said, sign in wrongs(key, keyring):
        yield bad(
            variant,
            said,
            observed=f"{described(key)}{f', kid {key.name}' if key.name else ''}",
            expected=EXPECTED,
            reproduce=f"{shown} | grep -oE {command(sign)}",
            shows='"kty"' if "kty" in sign else '"d"',
            part=spki_digest(key.spki)[:12] or key.name,
        )


def wrongs(key: PublishedKey, keyring: Keyring) -> Iterator[tuple[str, str, str]]:
    """Variant, sentence, and a pattern of what shows it in the set."""
    if key.shows_private:
        if key.kind == "symmetric":
            yield "symmetric", f"its key set shows a symmetric key of {key.bits} bits", '"kty":"oct"'
        else:
            yield "private", f"its key set shows the private half of a key ({described(key)})", '"d":"'
    if not key.spki:
        return
    digest = spki_digest(key.spki)
    kind = f'"kty":"{key.kind.upper()}"'
    if whose := keyring.published(digest):
        yield "known", f"the private half of its key is published: {whose}", kind
    if files := keyring.lies_at(digest):
        yield "known", f"the private half of its key lies in an image: {files[0]} of {files[0].image}", kind
    if why := keyring.weakness(key.spki):
        yield "computable", f"the private half of its key can be computed: {why}", kind
    if key.bits < LEAST.get(key.kind, 0):
        yield "short", f"its key has {key.bits} bits", kind


def described(key: PublishedKey) -> str:
    """``rsa 2048``, ``ec P-256``."""
    return f"{key.kind} {key.curve or key.bits}".strip()
