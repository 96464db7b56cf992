"""The documented default login is refused.

## What it looks at
With the grant `--default-creds` only: the login pairs that the maker documents for the identified product, each after
a control (no credentials, then a made-up user) had been refused. A pair counts as accepted only because the control
was not. HTTP Basic and Digest, login forms of web pages, telnet, SSH, FTP, SNMP communities, RTSP, MQTT, AMQP and Redis
are tried; a form counts only where a page that wanted it before shows without it after, and one that a script sends is
not assessed. An account sees at most three tries in a day, of which two may fail.

## Why it matters
Default logins stand in public manuals, and Mirai and its heirs try nothing else. A service that lets *any* pair in
is no better, and it is told apart here because no default login was proved. Reports never hold a password.

## How to fix
Give each device its own random password (on its label, not derived from MAC or serial), or demand a new one at
first start before any other function works. In the field: change it now (`passwd`, the *Administration* page,
`mosquitto_passwd`). Where anything is accepted, switch authentication on: `auth_basic` in nginx, `login local` on
the telnet line, `PasswordAuthentication no` with keys for SSH.

## References
- ETSI EN 303 645 V3.1.3 provision 5.1-1; UK PSTI (SI 2023/1007) Schedule 1 paragraph 1
- OWASP IoT Top 10 2018 I1
"""

from iotscan.sdk import DefaultLogin, Returned, Target, bad, check, clause, command, good, skip, unknown

PLACEHOLDER = "PASSWORD_FROM_THE_DOCUMENT"
"""Stands for the password in every reproduce line: a report holds no secret."""
ANYBODYS = "PASSWORD_OF_NOBODY"
"""The password of the made-up user: words that a report does not hide as it hides a secret."""
QUIET = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
OLD = ("KexAlgorithms=+diffie-hellman-group14-sha1,diffie-hellman-group1-sha1", "HostKeyAlgorithms=+ssh-rsa")
"""Lets today's OpenSSH talk to the servers of old devices."""
HIDDEN = (
    "grep -oiE '<input[^>]*hidden[^>]*>' | "
    """sed -nE 's/.*name="?([[:alnum:]_.-]+).*value="?([^]"[ >*?]*).*/-d \\1=\\2/p'"""
)
"""The hidden fields of a form as words of curl."""
LET_IN = """test -n "$P" && ! printf %s "$P" | grep -qiE 'type=.?password' && echo let in"""
SUM = "echo iotscan-$((40+2))"
"""What the open shell is to work out: an echo of what was typed cannot show the result."""


def attempt(login: DefaultLogin, target: Target, account: str, password: str) -> tuple[str, str]:
    """A command that shows the login, or the door it is tried on, and the text that proves it."""
    host, port = target.host, str(target.port)
    if login.protocol == "http":
        return form(login, target, account, password) if login.action else page(login, target, account, password)
    if login.protocol == "mqtt":
        words = ("-h", host, "-p", port, "-u", account, "-P", password, "-t", "$SYS/broker/version")
        return command("mosquitto_sub", *words, "-d", "-E", "-W", "3"), "CONNACK (0)"
    if login.protocol == "telnet":
        return command("curl", "-m", "4", "-s", target.url("telnet")) + " </dev/null | tr A-Z a-z", "login:"
    if login.protocol == "ftp":
        ask = ("curl", "-k", "-m", "6", "-s", "-v", "--head", "-u", f"{account}:{password}")
        # LIST needs a second connection, which may fail where the login does not.
        return command(*ask, target.url("ftps" if login.tls else "ftp")) + " 2>&1 | grep '^< 230'", "< 230"
    if login.protocol == "snmp":
        words = ("-v2c", "-c", password, "-On", "-t", "1", "-r", "1", target.authority, "1.3.6.1.2.1.1.1.0")
        return command("snmpget", *words) + " || " + command("snmpget", "-v1", *words[1:]), ".1.3.6.1.2.1.1.1.0 ="
    if login.protocol == "redis":
        words = ("-h", host, "-p", port, "--no-auth-warning", *(("--user", account) if account else ()), "-a", password)
        tls = ("--tls", "--insecure") if login.tls else ()
        return command("redis-cli", *words, *tls, "PING"), "PONG"
    if login.protocol == "amqp":
        return amqp(login, target, account, password)
    if login.protocol == "rtsp":
        place = target.url("rtsps" if login.tls else "rtsp", login.path).replace("://", f"://{account}:{password}@", 1)
        ask = ("ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=codec_type", "-of", "csv")
        return command("timeout", "8", *ask, place), "stream,"
    return ssh(target, account), "password"


def page(login: DefaultLogin, target: Target, account: str, password: str) -> tuple[str, str]:
    """A page that asks by HTTP Basic or Digest."""
    ask = ("curl", "-k", "-m", "4", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-L", "--anyauth")
    url = target.url("https" if login.tls else "http", login.path)
    return command(*ask, "-u", f"{account}:{password}", url), "200"


def form(login: DefaultLogin, target: Target, account: str, password: str) -> tuple[str, str]:
    """A login form, sent with the fields that it hides; the page asks for no password then."""
    scheme = "https" if login.tls else "http"
    user, secret = login.fields
    get = command("curl", "-k", "-m", "4", "-s", "-L", "-b", "$J", "-c", "$J").replace("'$J'", '"$J"')
    front = command(target.url(scheme, login.path))
    given = [*login.chosen, *([f"{user}={account}"] if user else [])]
    fields = " ".join(command("--data-urlencode", field) for field in (*given, f"{secret}={password}"))
    send = f"{get} -o /dev/null {fields} $H {command(target.url(scheme, login.action))}"
    return f"J=$(mktemp); H=$({get} {front} | {HIDDEN}); {send}; P=$({get} {front}); {LET_IN}", "let in"


def amqp(login: DefaultLogin, target: Target, account: str, password: str) -> tuple[str, str]:
    """Who is let in is told that there is no such queue; inside TLS only the door is shown."""
    if login.tls:
        dial = command("timeout", "5", "openssl", "s_client", "-quiet", "-connect", target.authority)
        return f"printf 'AMQP\\0\\0\\011\\001' | {dial} 2>&1 | grep -ao PLAIN", "PLAIN"
    words = ("-s", target.host, f"--port={target.port}", f"--username={account}", f"--password={password}")
    return command("timeout", "8", "amqp-get", *words, "-q", "iotscan-no-such-queue") + " 2>&1", "NOT_FOUND"


def ssh(target: Target, account: str, *words: str) -> str:
    """A command that knocks at an SSH server without a password; a refusal lists the methods it takes."""
    options = (*QUIET, *OLD, "PreferredAuthentications=none")
    flags = [word for option in options for word in ("-o", option)]
    port = str(target.port)
    return command("timeout", "5", "ssh", "-F", "none", *flags, "-p", port, "--", f"{account}@{target.host}", *words)


@check(
    id="default-credentials",
    aliases=("CRD-001",),
    title="The documented default login is refused",
    element="keys",
    variants={
        "accepted": ("critical", "The product's documented default login is accepted"),
        "no-password": ("critical", "A command line is open without any login"),
        "accepts-any": ("high", "Any credential is accepted"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-1"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 1(2)"),
        clause("EN 18031-1", "2024", "AUM-5"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(b)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network"),
    since="0.1",
    effort="low",
)
def default_credentials(login: DefaultLogin, target: Target) -> Returned:
    """Judge what became of the tries; a made-up login that works too proves no default login."""
    if login.outcome == "accepted":
        ask, shows = attempt(login, target, login.account, PLACEHOLDER)
        return bad(
            "accepted",
            f"the documented default login of {login.product or 'the product'} is accepted over {login.protocol}",
            observed=f"account {login.account!r}, pair published in {login.source or login.record}",
            expected="refused: a password of each device's own",
            reproduce=ask,
            shows=shows,
        )
    if login.outcome == "accepts_any":
        ask, shows = attempt(login, target, "iotscan-made-up", ANYBODYS)
        return bad(
            "accepts-any",
            f"{login.protocol} accepts any credential",
            observed="a made-up user with a made-up password was accepted",
            expected="unknown credentials are refused",
            reproduce=ask,
            shows=shows,
        )
    if login.outcome == "open":
        if login.protocol != "ssh":
            # An open telnet shell and an open broker are findings of checks of their own.
            return skip(f"{login.protocol} asks for no credentials here, so there is no login to try")
        summary = f"{login.protocol} opens a command line without any login"
        return bad(
            "no-password",
            summary,
            observed="no credentials were asked for",
            expected="a login",
            reproduce=ssh(target, login.account or "root", SUM),
            shows="iotscan-42",
        )
    if not login.tries:
        return unknown("no documented pair was tried")
    # A made-up user's are among them: how many of the tries were of documented pairs the fact does not tell.
    return good(
        f"the documented pairs of {login.product or 'the product'} were refused in {login.tries} tries with controls"
    )
