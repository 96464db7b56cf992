"""Started services whose configuration nobody reads: they may speak TLS, and that nothing shows it proves nothing."""

from iotscan.model.facts import TlsEndpoint, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.listening import faces_network
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree

_GIVES = (TlsEndpoint,)
_NAMED = 4
_NO_TLS = ("udhcpd", "dhcpd", "ntpd", "rpcbind", "portmap", "nmbd", "avahi-daemon", "mdnsd", "in.tftpd", "tftpd")
"""Programs that have no TLS to configure."""


def inspector_beside(programs: tuple[str, ...]) -> Inspector:
    """The inspector that names the started services beyond ``programs`` that may be reached."""
    return Inspector(name="other-services", version=1, gives=_GIVES, inspect=lambda tree: _inspect(tree, programs))


def _inspect(tree: Tree, programs: tuple[str, ...]) -> Heard:
    found = startup_of(tree)
    if found.problem:
        status = AttemptStatus.UNREADABLE if found.is_unreadable else AttemptStatus.NOT_TRIED
        reason = Reason.UNREADABLE if found.is_unreadable else Reason.NOT_OBSERVABLE
        return all_missed(_GIVES, status, reason, found.problem)
    known = (*programs, *_NO_TLS, "inetd", "xinetd", "openbsd-inetd")
    others = [s for s in found.services if s.called not in known and faces_network(s, tree).known is not False]
    if not others:
        return Heard()
    names = list(dict.fromkeys(tree.show(s.called or s.name) for s in others))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    detail = f"the image starts {', '.join(names[:_NAMED])}{more}, whose configuration is not read"
    missed = Missed(
        need=kind_of(TlsEndpoint), status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_OBSERVABLE, detail=detail
    )
    return Heard(missed=(missed,))
