"""What a posture came to: seconds, services and logins, marked against the truth, and what the devices saw."""

import msgspec

from tests.questions.lan import chosen

Login = tuple[str, str]
"""Address and service (``tcp/80``) where a login is claimed to be the factory's."""


class Posture(msgspec.Struct, frozen=True, kw_only=True):
    """One posture of the whole LAN. ``calls`` and ``packets`` are what each host saw, the port sweep included."""

    seconds: float
    without_logins: float = 0.0
    """The same, less what the log-ins took; 0 where that was not measured."""
    first_finding: float = 0.0
    services: frozenset[Login] = frozenset()
    logins: frozenset[Login] = frozenset()
    calls: dict[str, int] = {}
    packets: dict[str, int] = {}
    harm: dict[str, str] = {}

    def found(self) -> str:
        """Services found, of all there are, and those that are none."""
        there = services()
        wrong = len(self.services - there)
        return f"{len(self.services & there)} of {len(there)}{f', {wrong} wrong' if wrong else ''}"

    def claims(self) -> str:
        """Claims of default logins: true, false and missed."""
        true = logins()
        return f"{len(self.logins & true)} true, {len(self.logins - true)} false, {len(true - self.logins)} missed"

    def harmed(self) -> str:
        """Whom something has happened to."""
        return ", ".join(f"{host}: {what.splitlines()[0][:60]}" for host, what in self.harm.items()) or "nobody"


def services() -> frozenset[Login]:
    """Every service of the LAN."""
    return frozenset((device.address, service) for _, device in chosen() for service in device.services)


def logins() -> frozenset[Login]:
    """Every service of the LAN that takes a login of the factory."""
    said = ((device.address, finding) for _, device in chosen() for finding in device.with_default_creds)
    return frozenset((a, f.service) for a, f in said if (f.check, f.variant) == ("default-credentials", "accepted"))
