"""A grant is confirmed by whoever sits there: typed, or with ``--yes``. It never stands in for authority."""

import sys

from iotscan.cli.pipe import tell
from iotscan.model.errors import BadInput
from iotscan.model.scope import Grants, Scope

_FETCHED = "CRLs and OCSP responses are fetched from where certificates say, if that is in scope."
_INTRUSIVE = "Questions that may disturb a device are asked, and pre-shared keys of public examples are tried."


def confirm(scope: Scope, *, yes: bool) -> None:
    """Have the grants of a scope file's run confirmed by typing its engagement. Raises BadInput otherwise."""
    if scope.mandate is None or scope.grants == Grants() or yes:
        return
    engagement = scope.mandate.engagement
    if not sys.stdin.isatty():
        raise BadInput("nobody is there to confirm the grants: agree with --yes")
    tell(f"{describe(scope.grants)} {_risk(scope.grants)} and is written to the devices' logs.")
    tell(f"{scope.mandate.file} permits it, in the name of {scope.mandate.authorized_by}.")
    print(f"Type the engagement ({engagement}) to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != engagement:
        raise BadInput("not confirmed: nothing was sent")


def _risk(grants: Grants) -> str:
    risks = ["lock accounts"] if grants.default_creds else []
    risks += ["hang or restart a fragile device"] if grants.intrusive else []
    return f"This may {' and '.join(risks) or 'be noticed'}"


def describe(grants: Grants) -> str:
    """What is granted beyond the default, in one line."""
    said = ["Documented default logins are tried."] if grants.default_creds else []
    said += [_INTRUSIVE] if grants.intrusive else []
    said += [_FETCHED] if grants.fetch_revocation else []
    said += [f"{', '.join(grants.backends)} are asked, too."] if grants.backends else []
    return " ".join(said)
