"""Data stores answer only to those who log in.

## What it looks at
Whether a database or a cache that is reachable on the network answers to somebody without a login. Redis, memcached and
MongoDB are asked in their own protocols, others (Elasticsearch, InfluxDB, CouchDB) over HTTP. Each is asked for
something that nobody has stored, so that the answer shows that one may read and brings no data. Nothing is written.

## Why it matters
A data store without a login gives everything it holds to whoever finds it (readings, users, sessions, tokens), takes
what they write, and can be wiped by them; open ones are found and held to ransom within hours. Redis can be told to
write files, and so to run programs. memcached is also used to flood others.

## How to fix
Bind it to the machine that uses it (Redis `bind 127.0.0.1`, MongoDB `net.bindIp: 127.0.0.1`, memcached `-l 127.0.0.1 -U
0`, Elasticsearch `network.host: _local_`), or to a Unix socket. Where others need it: Redis ACLs (`user default off`,
`requirepass`), MongoDB `mongod --auth`, memcached behind TLS with an authentication file (`-Z -Y`), Elasticsearch
`xpack.security.enabled: true`; and TLS, so that the password stays one.

## References
- Redis documentation, "Redis security"; MongoDB documentation, "Security checklist"; memcached(1)
- ETSI EN 303 645 V3.1.3 provision 5.5-5; OWASP IoT Top 10 2018, I2
"""

from iotscan.sdk import DataStore, Returned, Target, bad, check, clause, command, good

NOBODYS = "iotscan:no-such-key"
NAMES = {
    "redis": "Redis",
    "memcached": "memcached",
    "mongodb": "MongoDB",
    "elasticsearch": "Elasticsearch",
    "influxdb": "InfluxDB",
    "couchdb": "CouchDB",
}
# listDatabases with a filter that no name passes, as an OP_QUERY: what brings nothing that is stored.
LIST_NOTHING = (
    r"z\000\000\000\001\000\000\000\000\000\000\000\324\007\000\000\000\000\000\000admin.$cmd\000\000\000\000"
    r"\000\377\377\377\377S\000\000\000\020listDatabases\000\001\000\000\000\010nameOnly\000\001\003filter\000("
    r"\000\000\000\002name\000\031\000\000\000iotscan-no-such-database\000\000\000"
)


def read_nothing(store: DataStore, target: Target) -> tuple[str, str]:
    """A command that reads what nobody has stored, and what it prints where that is allowed."""
    if store.path:
        return command("curl", "-sk", "-m", "8", target.url("https" if store.tls else "http", store.path)), store.said
    words, shows = {
        "redis": (rf"EXISTS {NOBODYS}\r\nQUIT\r\n", ":0"),
        "memcached": (rf"get {NOBODYS}\r\nquit\r\n", "END"),
        "mongodb": (LIST_NOTHING, "databases"),
    }.get(store.system, ("", ""))
    if not words:
        return "", ""
    if store.tls:
        ask = command("timeout", "5", "openssl", "s_client", "-quiet", "-connect", target.authority) + " 2>/dev/null"
    else:
        ask = command("timeout", "5", "nc", "-w", "3", target.host, str(target.port))
    return f"{command('printf', words)} | {ask} | tr -cd {command('[:print:]')}", shows


@check(
    id="data-store-access",
    aliases=("CRD-002-D",),
    title="Data stores answer only to those who log in",
    element="keys",
    variants={
        "open": ("critical", "A database answers to everybody without a login"),
        "cache": ("high", "A cache answers to everybody without a login"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "exposure", "network"),
    since="0.1",
    effort="low",
)
def data_store_access(store: DataStore, target: Target) -> Returned:
    """Fail where reading was allowed to somebody without a login."""
    name = " ".join(filter(None, (NAMES.get(store.system, store.system), store.version)))
    if store.needs_login.value:
        return good(f"{name} lets nobody read without a login", observed=store.said)
    reproduce, shows = read_nothing(store, target)
    return bad(
        "cache" if store.system == "memcached" else "open",
        f"{name} answers to everybody without a login",
        observed=store.said,
        expected="no answer without a login, or none from other machines",
        reproduce=reproduce,
        shows=shows,
    )
