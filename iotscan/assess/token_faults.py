"""What is wrong with a token by what it says of itself: for those seen in traffic and those in images alike. Pure."""

from collections.abc import Iterator

from iotscan.model.facts import Token


def token_faults(token: Token, hours: int) -> Iterator[tuple[str, str]]:
    """Each fault as (variant, words): ``unsigned``, ``guessable``, ``endless``, ``long``.

    ``hours`` is the longest life that the policy allows. What cannot be known gives no fault: neither the life of an
    opaque token nor that of an encrypted one.
    """
    if token.is_unsigned:
        yield "unsigned", "nothing signs it (algorithm none): anybody can write such a token"
    if token.guessed_key:
        yield "guessable", f"its key is guessable ({token.guessed_key}): anybody can sign such a token"
    if token.format == "jwt" and not token.is_encrypted and not token.has_expiry:
        yield "endless", "it never expires"
    elif token.lifetime.is_answered and token.lifetime.value > hours * 3600:
        yield "long", f"it is good for {life(token.lifetime.value)}, and {hours} hours are allowed"


def token_name(token: Token) -> str:
    """A token in words that give nothing of it away."""
    issuer = f" of {token.issuer}" if token.issuer else ""
    algorithm = f", {token.algorithm}" if token.algorithm else ""
    return f"{'JWT' if token.format == 'jwt' else 'opaque token'}{issuer}{algorithm}, SHA-256 begins {token.digest}"


def token_part(token: Token) -> str:
    """What stays when a token is renewed: who issued it, for whom, how it is signed."""
    return " ".join(filter(None, (token.format, token.issuer, *token.audience[:2], token.algorithm)))


def life(seconds: int) -> str:
    """A lifetime in words."""
    for unit, length in (("years", 31_536_000), ("days", 86_400), ("hours", 3600)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
