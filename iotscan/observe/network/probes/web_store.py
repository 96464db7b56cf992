"""Whether a data store that speaks HTTP answers to whoever comes: told by its front page, then asked once. GET only.

What is asked brings nothing that is stored: a database of a name that nobody has given, a list of no length, a version.
Sources: Elasticsearch and OpenSearch, root API; InfluxDB 1.8, HTTP API; CouchDB 3.3, ``/_all_dbs``; Docker Engine API.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import DataStore
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all
from iotscan.observe.network.web_session import Ask
from iotscan.wire.http import HttpResponse, challenges

_CAP: Final = 16 * 1024
_VERSION: Final = 40
_REFUSED: Final = (401, 403)


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """How one system is told by ``/``, and what settles whether it is open.

    ``version`` gives its version where the front page is its own, else None; ``shows`` stands in the answer to ``path``
    where nobody is kept out.
    """

    system: str
    version: Callable[[HttpResponse], str | None]
    path: str
    shows: str


def _search(system: str) -> Callable[[HttpResponse], str | None]:
    def version(front: HttpResponse) -> str | None:
        said = front.json_object().get("version")
        own = said if isinstance(said, dict) and "cluster_name" in front.json_object() else {}
        is_open_search = own.get("distribution") == "opensearch"
        if own and is_open_search == (system == "opensearch"):
            return str(own.get("number", ""))
        realms = {"opensearch": "OpenSearch Security", "elasticsearch": "security"}
        # Others have a realm of that name, and none of them says this.
        is_its_own = system == "opensearch" or b"security_exception" in front.body
        asked = challenges(front.fields("www-authenticate")) if front.status == 401 and is_its_own else ()
        return "" if any(c.scheme == "basic" and c.realm == realms[system] for c in asked) else None

    return version


def _influxdb(front: HttpResponse) -> str | None:
    return front.header("x-influxdb-version") or None


def _couchdb(front: HttpResponse) -> str | None:
    document = front.json_object()
    return str(document.get("version", "")) if document.get("couchdb") == "Welcome" else None


def _docker(front: HttpResponse) -> str | None:
    server = next((field for field in front.fields("server") if field.startswith("Docker/")), None)
    return server.removeprefix("Docker/").partition(" ")[0] if server else None


STORES: Final = (
    Store(system="elasticsearch", version=_search("elasticsearch"), path="/", shows="You Know, for Search"),
    Store(system="opensearch", version=_search("opensearch"), path="/", shows="The OpenSearch Project"),
    Store(
        system="influxdb",
        version=_influxdb,
        path="/query?q=SHOW+RETENTION+POLICIES+ON+iotscan_no_such_database",
        shows="database not found",
    ),
    Store(system="couchdb", version=_couchdb, path="/_all_dbs?limit=0", shows="[]"),
    Store(system="docker", version=_docker, path="/version", shows="ApiVersion"),
)


async def ask_web_store(door: Door) -> Heard:
    """Look at the front page, and ask the store that it is of, if any."""
    (front,) = await ask_all(door, _asks(door))
    if isinstance(front, DialError):
        return Heard(missed=(missed(DataStore, front),))
    told = ((store, store.version(front)) for store in STORES)
    store, version = next(((s, v) for s, v in told if v is not None), (None, ""))
    if store is None:
        return Heard()
    (reply,) = await ask_all(door, (Ask(path=store.path, cap=_CAP),))
    if isinstance(reply, DialError):
        return Heard(missed=(missed(DataStore, reply),))
    fact = DataStore(
        system=store.system,
        needs_login=_needs_login(store, reply),
        tls=speaks_tls(door.service),
        version=safe_text(version or "", _VERSION),
        said=store.shows if store.shows.encode() in reply.body else str(reply.status),
        path=store.path,
    )
    return Heard(facts=(fact,), excerpt=f"{fact.system} {fact.version}: {fact.said}")


def _needs_login(store: Store, reply: HttpResponse) -> Answer[bool]:
    if reply.status in _REFUSED:
        return Answer.of(True)
    if reply.status == 200 and store.shows.encode() in reply.body:
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"{store.path} answers {reply.status}, which settles nothing")


def _asks(_: Door) -> tuple[Ask, ...]:
    return (Ask(path="/", cap=FRONT_PAGE_CAP),)


PROBE = Probe(
    name="web-store",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(DataStore,),
    ask=ask_web_store,
    stage=5,
    ahead=_asks,
)
