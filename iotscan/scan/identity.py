"""What a device is called: claims drawn from the facts, each with where it was read."""

from collections.abc import Iterable

from iotscan.model.facts import Announcement, Claim, HttpServer, OnvifService, SnmpAgent
from iotscan.model.observation import Observation

_GENERIC = ("login", "index of", "welcome to nginx", "401 ", "403 ", "404 ", "it works", "error", "home", "untitled")


def claims_of(observations: Iterable[Observation]) -> tuple[Claim, ...]:
    """Names and models a device's own facts give it, without repeats, in a stable order.

    What it announced itself comes first, then the web page's title or realm, then SNMP.
    """
    announced: list[Claim] = []
    shown: list[Claim] = []
    for observation in observations:
        match observation.fact:
            case Announcement(claims=claims):
                announced.extend(claims)
            case HttpServer() as page:
                shown.extend(_page_claims(page, observation.subject.service))
            case SnmpAgent(description=description) if description:
                shown.append(Claim(what="description", value=description, how="snmp sysDescr"))
            case OnvifService() as told:
                said = (("manufacturer", told.manufacturer), ("model", told.model), ("firmware", told.firmware))
                shown.extend(Claim(what=what, value=value, how="onvif") for what, value in said if value)
            case _:
                pass
    return tuple(dict.fromkeys((*sorted(announced), *sorted(shown, key=lambda c: c.how))))


def _page_claims(page: HttpServer, service: str) -> Iterable[Claim]:
    # The title of a redirect or an error page is the web server's, not the device's.
    texts = [(page.title, f"http title on {service}")] if page.status == 200 else []
    texts += [(c.realm, f"http realm on {service}") for c in page.challenges]
    for text, how in texts:
        if text and not text.lower().startswith(_GENERIC):
            yield Claim(what="name", value=text, how=how)
