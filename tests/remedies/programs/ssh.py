"""Weak configurations of OpenSSH's server and of dropbear."""

from tests.remedies.weakness import Daemon, Shown, Weakness

SSHD = Daemon(
    needs={"sshd": "openssh-server", "ssh-keygen": "openssh-client", "ssh-keyscan": "openssh-client"},
    run="/usr/sbin/sshd -D -e -f $root/etc/ssh/sshd_config",
    commands={"sshd -t": "sshd -t -f $root/etc/ssh/sshd_config"},
    client="ssh-keyscan -T 5 -p $ssh $host | grep ssh-",
)
MAIN = """
Include $root/etc/ssh/sshd_config.d/*.conf
Port $ssh
ListenAddress $host
PidFile none
UsePAM no
"""
EVERYTHING = """
HostKeyAlgorithms +ssh-dss,ssh-rsa
KexAlgorithms +diffie-hellman-group1-sha1,diffie-hellman-group14-sha1
Ciphers +3des-cbc,aes128-cbc
MACs +hmac-md5,hmac-sha1-96
"""
DROPBEAR = Daemon(
    needs={"dropbear": "dropbear-bin", "dropbearkey": "dropbear-bin", "ssh-keyscan": "openssh-client"},
    run=(
        "bash -c '. $root/etc/default/dropbear;"
        " exec dropbear -F -E -p $host:$ssh -P $root/pid $$KEYS $$DROPBEAR_EXTRA_ARGS'"
    ),
    client="ssh-keyscan -T 5 -p $ssh $host | grep ssh-",
)


def _openssh(name: str, remedy: str, shows: tuple[Shown, ...], lines: str) -> Weakness:
    return Weakness(
        name=f"openssh {name}",
        daemon=SSHD,
        remedy=remedy,
        shows=shows,
        files={"etc/ssh/sshd_config": MAIN + lines},
        ports={"ssh": "tcp ssh"},
        before=("ssh",),
        then=("ssh",),
    )


def _dropbear(name: str, remedy: str, shows: tuple[Shown, ...], words: str, keys: str = "") -> Weakness:
    return Weakness(
        name=f"dropbear {name}",
        daemon=DROPBEAR,
        remedy=remedy,
        shows=shows,
        files={"etc/default/dropbear": f'KEYS="{keys}"\nDROPBEAR_EXTRA_ARGS="{words}"\n', "etc/dropbear/run": ""},
        ports={"ssh": "tcp ssh"},
        before=("ssh",),
        then=("ssh",),
    )


WEAK = (
    _openssh(
        "with everything",
        "openssh-algorithms",
        (("ssh-algorithms", "broken"), ("ssh-algorithms", "weak"), ("ssh-algorithms", "dated")),
        f"HostKey $rsa3072\nHostKey $dsa\n{EVERYTHING}",
    ),
    _openssh(
        "with short keys",
        "openssh-host-keys",
        (("ssh-host-keys", "dsa"), ("ssh-host-keys", "short")),
        "HostKey $rsa1024\nHostKey $dsa\nHostKeyAlgorithms +ssh-dss\n",
    ),
    _openssh(
        "with a key of 2048 bits", "openssh-host-keys", (("ssh-host-keys", "not-for-long"),), "HostKey $rsa2048\n"
    ),
    _openssh(
        "with passwords",
        "openssh-keys-only",
        (("ssh-login-methods", "password"), ("ssh-login-methods", "hostbased")),
        "HostKey $ed25519\nPasswordAuthentication yes\nHostbasedAuthentication yes\n",
    ),
    _dropbear("with passwords", "dropbear-keys-only", (("ssh-login-methods", "password"),), "", "-r $db_ed25519"),
    _dropbear("with a short key", "dropbear-host-keys", (("ssh-host-keys", "short"),), "-r $db_rsa1024"),
)
