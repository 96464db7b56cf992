"""The two times of a certificate (RFC 5280 section 4.1.2.5), and what other encoders made of them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from iotscan.wire.certificates.elements import Broken, Defects, Element

UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
_FORM: Final = re.compile(
    rb"([0-9]{2}|[0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?"
    rb"(?:[.,][0-9]{1,9})?(Z|[+-][0-9]{4})"
)
_UNUSUAL: Final = "a date is not written as it has to be"


def read_time(element: Element, defects: Defects) -> datetime:
    """A Time. Raises Broken for what is no date, such as the 31st of February, or one without a zone (local time)."""
    form = _FORM.fullmatch(element.body) if element.tag in (UTC_TIME, GENERALIZED_TIME) else None
    if form is None or len(form[1]) != (2 if element.tag == UTC_TIME else 4):
        raise Broken("no date")
    year, month, day, hour, minute, second = (int(part or 0) for part in form.groups()[:6])
    if element.tag == UTC_TIME:
        year += 2000 if year < 50 else 1900
    try:
        when = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _offset(form[7])
    except (ValueError, OverflowError) as error:
        raise Broken("no date") from error
    is_plain = form[6] is not None and form[7] == b"Z" and not re.search(rb"[.,]", element.body)
    if not is_plain or (element.tag == GENERALIZED_TIME and year < 2050):
        defects.add(_UNUSUAL)
    return when


def _offset(zone: bytes) -> timedelta:
    if zone == b"Z":
        return timedelta()
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5]))
    return -ahead if zone[:1] == b"-" else ahead
