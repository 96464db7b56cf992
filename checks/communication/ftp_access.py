"""An FTP server lets nobody in without a name, nor without TLS.

## What it looks at
An FTP server that answers on the network: whether it agrees to TLS (`AUTH TLS`, RFC 4217), which takes no login, and
with `--default-creds` whether it lets in `anonymous`, once, and whether it takes user names without TLS. No file is
read, and none is stored. (What an image configures is `ftp-login-policy`.)

## Why it matters
FTP sends name, password and files in the clear to anyone on the path, and TLS that is only offered is taken away by
whoever stands between. An open account serves what lies in its folder to everybody: recordings, logs, firmware; and
where it may write, it is a place to put the next stage of an attack.

## How to fix
Use SFTP (it comes with OpenSSH) and switch FTP off. Where it has to stay: vsftpd `anonymous_enable=NO`,
`ssl_enable=YES`, `force_local_logins_ssl=YES`, `force_local_data_ssl=YES`; ProFTPD no `<Anonymous>` section,
`TLSEngine on`, `TLSRequired on`; Pure-FTPd `NoAnonymous yes`, `TLS 2`. BusyBox's ftpd has no TLS: leave it out.

## References
- RFC 959 (FTP), RFC 1635 (anonymous FTP), RFC 4217 (FTP with TLS)
- OWASP ISVS 3.2.3 (git edfda29b); OWASP IoT Top 10 2018, I2
"""

from iotscan.sdk import FtpServer, Reason, Returned, Target, bad, check, clause, command, good, unknown


@check(
    id="ftp-access",
    aliases=("SVC-002-N",),
    title="An FTP server lets nobody in without a name, nor without TLS",
    element="communication",
    variants={
        "anonymous": ("high", "FTP lets everybody in"),
        "cleartext": ("high", "FTP takes passwords in the clear: it has no TLS"),
        "tls-offered": ("medium", "FTP offers TLS and takes passwords without it as well"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP ISVS", "edfda29b", "3.2.3"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "credentials", "network"),
    since="0.1",
    effort="low",
)
def ftp_access(ftp: FtpServer, target: Target) -> Returned:
    """Who gets in and how it is protected are verdicts of their own."""
    found = []
    if ftp.anonymous.known:
        said = bad(
            "anonymous",
            "it lets anonymous in",
            observed="230 to anonymous, and PWD is answered",
            expected="530: no anonymous login",
            reproduce=command("curl", "-skv", "-m", "8", target.url("ftps" if ftp.tls else "ftp")) + " 2>&1",
            shows="< 230",
        )
        found.append(said)
    if ftp.offers_tls.known is False:
        say = command("printf", r"AUTH TLS\r\nQUIT\r\n")
        said = bad(
            "cleartext",
            "it has no TLS, so that every password crosses the network in the clear",
            observed=f"AUTH TLS: {ftp.tls_reply}",
            expected="no FTP, or TLS demanded",
            reproduce=f"{say} | {command('nc', '-w', '4', target.host, str(target.port))}",
            shows=ftp.tls_reply,
        )
        found.append(said)
    elif ftp.clear_logins.known:
        # The name of nobody: the server asks for a password all the same, and none is sent.
        say = command("printf", r"USER iotscan-nobody\r\nQUIT\r\n")
        said = bad(
            "tls-offered",
            "it offers TLS and takes user names without it as well",
            observed="331 to USER without TLS",
            expected="no FTP, or TLS demanded",
            reproduce=f"{say} | {command('nc', '-w', '4', target.host, str(target.port))}",
            shows="331 ",
        )
        found.append(said)
    asked = (ftp.offers_tls, *((ftp.clear_logins,) if ftp.offers_tls.known else ()), ftp.anonymous)
    left = next((answer for answer in asked if not answer.is_answered), None)
    if left:
        # What was not asked stays open beside what was found: a later scan without the grant has mended nothing.
        found.append(unknown(left.detail, reason=left.reason or Reason.NOT_OBSERVABLE))
    return found or good("TLS is demanded, and nobody gets in without a name", observed=ftp.greeting)
