"""Why a conversation could not be had, in the words of an attempt."""

import errno

from iotscan.model.vocabulary import AttemptStatus, Reason

_OURS = {
    number: errno.errorcode[number]
    for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
}
_NO_WAY = {errno.ENETUNREACH, errno.ENETDOWN}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.EHOSTDOWN}


class DialError(Exception):
    """Why a conversation could not be had, in the words of an attempt."""

    status = AttemptStatus.UNREADABLE
    reason: Reason | None = Reason.UNREADABLE


class Refused(DialError):
    """The port answered: closed."""

    status = AttemptStatus.ABSENT
    reason = None


class TimedOut(DialError):
    """No answer within the clock."""

    status = AttemptStatus.TIMED_OUT
    reason = Reason.TIMEOUT


class Unreachable(DialError):
    """The network says there is no way there, or the device stopped answering."""

    status = AttemptStatus.TIMED_OUT
    reason = Reason.UNREACHABLE


class NoWay(Unreachable):
    """There is no way to that network now, or our link is down: it says nothing of the device."""


class NoSocket(DialError):
    """On this machine there is no socket to ask with: nothing was sent, and it says nothing of the device."""

    status = AttemptStatus.NOT_TRIED
    reason = Reason.PROBE_ERROR


class OutOfScope(DialError):
    """The scope does not allow this address: nothing was sent."""

    status = AttemptStatus.REFUSED_BY_SCOPE
    reason = Reason.OUT_OF_SCOPE


class BudgetSpent(DialError):
    """The device has seen all the connections it may see: nothing more was sent."""

    status = AttemptStatus.NOT_TRIED
    reason = Reason.BUDGET


class DeadlinePassed(DialError):
    """The device's clock has run out: nothing more was sent."""

    status = AttemptStatus.NOT_TRIED
    reason = Reason.DEADLINE


class PeerClosed(DialError):
    """The peer closed or reset the connection in the middle."""


class NoTls(DialError):
    """A service that begins in the clear offers no way to TLS, in its own words."""

    status = AttemptStatus.ABSENT
    reason = None


class OpeningFailed(DialError):
    """A service that begins in the clear did not come to TLS, and did not say that it has none."""


class TooMuch(DialError):
    """The peer sent more than the cap of this conversation."""


class TlsFailed(DialError):
    """The TLS handshake under a conversation failed."""


def dial_error(error: OSError, port: int) -> DialError:
    """What an operating system error on the way to ``port`` means."""
    causes: list[BaseException] = [error]
    if isinstance(error.__cause__, BaseExceptionGroup):
        causes.extend(error.__cause__.exceptions)
    elif error.__cause__ is not None:
        causes.append(error.__cause__)
    numbers = {c.errno for c in causes if isinstance(c, OSError)}
    if errno.ECONNREFUSED in numbers:
        return Refused(f"port {port} is closed")
    if errno.ECONNRESET in numbers:
        # A SYN is refused, not reset: the handshake was over, so the port is open.
        return PeerClosed(f"port {port} accepted and reset the connection at once")
    if errno.ETIMEDOUT in numbers:
        return TimedOut(f"port {port} did not answer")
    if ours := next((name for number, name in _OURS.items() if number in numbers), ""):
        return NoSocket(f"this machine has no socket to ask with ({ours})")
    if numbers & _NO_WAY:
        return NoWay("there is no way to its network, or the link is down")
    if numbers & _UNREACHABLE:
        return Unreachable("the network says the address cannot be reached")
    return Unreachable(f"connecting failed ({errno.errorcode.get(error.errno or 0, 'unknown error')})")
