"""TUF repositories made and judged by python-tuf: the same verdicts as its client's set of trusted metadata."""

import copy
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from iotscan.model.facts import SignedArtefact
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.tuf import pinned_keys, read_tuf
from iotscan.wire.signing.tuf_metadata import canonical
from iotscan.wire.signing.tuf_paths import speaks_for
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import NOW
from tests.wire.signing.trying import mutated, state, trusted

LATER = NOW + timedelta(days=30)
SIGNERS = {
    "root": CryptoSigner.generate_ed25519(),
    "second": CryptoSigner.generate_ecdsa(),
    "timestamp": CryptoSigner.generate_ed25519(),
    "snapshot": CryptoSigner.generate_rsa(),
    "targets": CryptoSigner.generate_ecdsa(),
    "vendor": CryptoSigner.generate_ed25519(),
    "stranger": CryptoSigner.generate_ed25519(),
}
FIRMWARE = b"firmware" * 100


class Repository:
    """A repository that a test changes before it is written."""

    def __init__(self) -> None:
        self.roots: list[Metadata[Root]] = []
        self.rotate()
        self.targets: Metadata[Targets] = Metadata(Targets(expires=LATER))
        self.targets.signed.targets["gw.img"] = TargetFile.from_data("gw.img", FIRMWARE)
        self.vendor: Metadata[Targets] = Metadata(Targets(expires=LATER))
        self.vendor.signed.targets["vendor/x"] = TargetFile.from_data("vendor/x", b"x")
        self.vendor.signed.targets["elsewhere"] = TargetFile.from_data("elsewhere", b"y")
        key = SIGNERS["vendor"].public_key
        role = DelegatedRole("vendor", [key.keyid], 1, False, ["vendor/*"])
        self.targets.signed.delegations = Delegations({key.keyid: key}, {"vendor": role})
        self.snapshot: Metadata[Snapshot] = Metadata(Snapshot(expires=LATER))
        self.timestamp: Metadata[Timestamp] = Metadata(Timestamp(expires=LATER))
        self.by: dict[str, str] = {}

    def rotate(self, *names: str, threshold: int = 1, expires: datetime = LATER, by: tuple[str, ...] = ()) -> None:
        """One root more, of these keys, signed by ``by`` too."""
        names = names or ("root",)
        root = Metadata(Root(expires=expires, version=len(self.roots) + 1, consistent_snapshot=True))
        for name in names:
            root.signed.add_key(SIGNERS[name].public_key, "root")
        for role in ("timestamp", "snapshot", "targets"):
            root.signed.add_key(SIGNERS[role].public_key, role)
        root.signed.roles["root"].threshold = threshold
        for name in dict.fromkeys((*names, *by)):
            root.sign(SIGNERS[name], append=True)
        self.roots.append(root)

    def write(self) -> dict[str, bytes]:
        files = {f"{r.signed.version}.root.json": r.to_bytes() for r in self.roots}
        for name, role in (("vendor", self.vendor), ("targets", self.targets)):
            role.sign(SIGNERS[self.by.get(name, name)])
            files[f"{role.signed.version}.{name}.json"] = role.to_bytes()
            meta = self.snapshot.signed.meta.get(f"{name}.json")
            if meta is None or meta.version == 1:
                self.snapshot.signed.meta[f"{name}.json"] = MetaFile(role.signed.version)
        self.snapshot.sign(SIGNERS[self.by.get("snapshot", "snapshot")])
        data = self.snapshot.to_bytes()
        files[f"{self.snapshot.signed.version}.snapshot.json"] = data
        self.timestamp.signed.snapshot_meta = MetaFile.from_data(self.snapshot.signed.version, data, ["sha256"])
        self.timestamp.sign(SIGNERS[self.by.get("timestamp", "timestamp")])
        return files | {"timestamp.json": self.timestamp.to_bytes()}


TARGETS = {"gw.img": FIRMWARE, "vendor/x": b"x"}


def read(files: dict[str, bytes], targets: dict[str, bytes] = TARGETS) -> SignedArtefact | None:
    def finding(there: dict[str, bytes]) -> Callable[[str], Memory | None]:
        return lambda name: Memory(there[name]) if name in there else None

    pinned = Memory(files["1.root.json"]) if "1.root.json" in files else None
    return read_tuf(finding(files), "repo", pinned=pinned, targets=finding(targets))


def makers_word(files: dict[str, bytes]) -> bool:
    """What python-tuf's client says of the same files at the same time."""
    try:
        known = TrustedMetadataSet(files["1.root.json"], EnvelopeType.METADATA)
        known.reference_time = NOW
        number = 2
        while f"{number}.root.json" in files:
            known.update_root(files[f"{number}.root.json"])
            number += 1
        known.update_timestamp(files["timestamp.json"])
        version = known.timestamp.snapshot_meta.version
        known.update_snapshot(files[f"{version}.snapshot.json"])
        for name, by in (("targets", "root"), ("vendor", "targets")):
            version = known.snapshot.meta[f"{name}.json"].version
            known.update_delegated_targets(files[f"{version}.{name}.json"], name, by)
    except (RepositoryError, KeyError):
        return False
    return True


def judged(files: dict[str, bytes]) -> str:
    return state(read(files), trusted(public_of("root"), "tuf"))


def public_of(name: str) -> Any:
    (key,) = (
        k.key
        for k in pinned_keys(REPOSITORY.roots[0].to_bytes(), "root.json")
        if k.name == SIGNERS[name].public_key.keyid
    )
    return key


def change(what: Callable[[Repository], Any]) -> dict[str, bytes]:
    made = Repository()
    what(made)
    return made.write()


REPOSITORY = Repository()


def older_targets(made: Repository) -> None:
    made.snapshot.signed.meta["targets.json"] = MetaFile(2)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda r: None, "verified"),
        (lambda r: r.rotate("second", by=("root",)), "verified"),
        (lambda r: r.rotate("root", "second", threshold=2), "verified"),
        (lambda r: (r.rotate("second", by=("root",)), r.rotate("root", by=("second",))), "verified"),
        (lambda r: r.rotate("second"), "broken"),
        (lambda r: r.rotate("root", threshold=2), "broken"),
        (lambda r: r.rotate("root", expires=NOW - timedelta(days=1)), "expired"),
        (lambda r: setattr(r.timestamp.signed, "expires", NOW - timedelta(days=1)), "expired"),
        (lambda r: setattr(r.snapshot.signed, "expires", NOW - timedelta(days=1)), "expired"),
        (lambda r: setattr(r.targets.signed, "expires", NOW - timedelta(days=1)), "expired"),
        (lambda r: setattr(r.vendor.signed, "expires", NOW - timedelta(days=1)), "expired"),
        (lambda r: r.by.update(timestamp="stranger"), "broken"),
        (lambda r: r.by.update(snapshot="stranger"), "broken"),
        (lambda r: r.by.update(targets="stranger"), "broken"),
        (lambda r: r.by.update(vendor="stranger"), "broken"),
        (older_targets, "broken"),
        (lambda r: setattr(r.targets.signed, "version", 5), "verified"),
    ],
)
def test_what_is_said_is_what_the_maker_says(what: Callable[[Repository], Any], said: str) -> None:
    files = change(what)
    assert judged(files) == said
    assert makers_word(files) == (said == "verified")


def test_what_stands_in_it() -> None:
    found = read(REPOSITORY.write())
    assert found is not None
    assert (found.damage, found.problem, found.version, found.expires) == ("", "", "1", LATER)
    assert [(p.name, p.is_covered, p.matches.known) for p in found.payloads] == [
        ("gw.img", True, True),
        ("vendor/x", True, True),
    ]
    assert found.notes == ("threshold 1: one key can replace the root",)
    assert state(found, trusted(public_of("root"))) == "verified"
    (other,) = pinned_keys(change(lambda r: r.roots.__setitem__(0, stranger_root()))["1.root.json"], "x")
    assert state(found, other) == "wrong-signer"
    changed = read(REPOSITORY.write(), {"gw.img": FIRMWARE[:-1] + b"x"})
    assert state(changed, trusted(public_of("root"))) == "broken"
    assert state(read(REPOSITORY.write(), {}), trusted(public_of("root"))) == "present"
    assert read({}) is None


def test_a_device_that_begins_with_a_later_root() -> None:
    """Its root lies between the first one of the repository and the last."""
    made = Repository()
    made.rotate("second", by=("root",))
    made.rotate("stranger", by=("second",))
    files = made.write()
    for root in made.roots:
        assert state(read(files), *pinned_keys(root.to_bytes(), "root.json")) == "verified"
    (other,) = pinned_keys(change(lambda r: r.roots.__setitem__(0, vendor_root()))["1.root.json"], "x")
    assert state(read(files), other) == "wrong-signer"


def test_many_roots_are_not_all_kept() -> None:
    made = Repository()
    names = ("second", "root")
    for at in range(20):
        made.rotate(names[at % 2], by=(names[1 - at % 2],))
    made.rotate("stranger", by=(names[1],))
    found = read(made.write())
    assert found is not None
    assert sum(bool(s.over) for s in found.signatures) == 9
    assert state(found, *pinned_keys(made.roots[-1].to_bytes(), "x")) == "verified"
    assert state(found, trusted(public_of("root"))) == "verified"
    (other,) = pinned_keys(vendor_root().to_bytes(), "x")
    # One of those that are not kept may be the device's.
    assert state(found, other) == "present"


def test_too_few_of_a_devices_keys() -> None:
    """Who has one of the two keys that a device asks for makes a root that asks for no more."""
    device = Repository()
    device.roots.clear()
    device.rotate("root", "second", threshold=2)
    keys = pinned_keys(device.roots[0].to_bytes(), "root.json")
    assert {k.threshold for k in keys} == {2}
    assert state(read(device.write()), *keys) == "verified"
    forged = read(change(lambda r: None))
    assert state(forged, *keys) == "wrong-signer"
    assert state(forged, *keys, trusted(public_of("root"))) == "verified"


def vendor_root() -> Metadata[Root]:
    made = Repository()
    made.roots.clear()
    made.rotate("vendor")
    return made.roots[0]


def stranger_root() -> Metadata[Root]:
    made = Repository()
    made.roots.clear()
    made.rotate("stranger")
    return made.roots[0]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("timestamp.json", "timestamp.json is missing"),
        ("1.snapshot.json", "1.snapshot.json is missing"),
        ("1.targets.json", "1.targets.json is missing"),
        ("1.vendor.json", "1.vendor.json is missing"),
    ],
)
def test_a_missing_file(name: str, damage: str) -> None:
    found = read({k: v for k, v in REPOSITORY.write().items() if k != name})
    assert found is not None
    assert found.damage == damage


def test_a_rolled_back_file() -> None:
    files = change(lambda r: setattr(r.targets.signed, "version", 5))
    old = REPOSITORY.write()["1.targets.json"]
    found = read(files | {"5.targets.json": old})
    assert found is not None
    assert found.damage == "rolled back: targets.json is version 1, and 5 is stated"
    assert not makers_word(files | {"5.targets.json": old})


def test_another_snapshot_of_the_same_version() -> None:
    files = REPOSITORY.write()
    other = Metadata.from_bytes(files["1.snapshot.json"])
    other.sign(SIGNERS["snapshot"])
    assert judged(files | {"1.snapshot.json": other.to_bytes()}) == "broken"
    assert not makers_word(files | {"1.snapshot.json": other.to_bytes()})


def test_an_endless_rotation_ends() -> None:
    asked = []
    root = Metadata.from_bytes(REPOSITORY.roots[0].to_bytes())

    def endless(name: str) -> Memory | None:
        if not name.endswith("root.json") or not name[0].isdigit():
            return None
        asked.append(name)
        root.signed.version = int(name.partition(".")[0])
        root.sign(SIGNERS["root"])
        return Memory(root.to_bytes())

    found = read_tuf(endless, "repo")
    assert found is not None
    assert found.problem == "more than 256 roots in a row"
    assert len(asked) < 300


def test_one_key_counts_once() -> None:
    """Under two names it meets a threshold of two with python-tuf; it is one key all the same."""
    root = json.loads(REPOSITORY.roots[0].to_bytes())
    key_id = SIGNERS["root"].public_key.keyid
    twin = "ab" * 32
    root["signed"]["keys"][twin] = root["signed"]["keys"][key_id]
    root["signed"]["roles"]["root"] = {"keyids": [key_id, twin], "threshold": 2}
    signature = SIGNERS["root"].sign(canonical(root["signed"])).signature
    root["signatures"] = [{"keyid": k, "sig": signature} for k in (key_id, twin)]
    found = read(REPOSITORY.write() | {"1.root.json": json.dumps(root).encode()})
    assert found is not None
    assert found.damage == "the root does not sign itself (1 of 2 signatures)"


def test_every_file_flipped() -> None:
    """What survives is the same metadata in other white space; python-tuf takes that, too."""
    files = REPOSITORY.write()
    for name, data in files.items():
        for at in range(0, len(data), max(1, len(data) // 50)):
            changed = bytearray(data)
            changed[at] ^= 1
            broken = files | {name: bytes(changed)}
            if judged(broken) == "verified":
                assert makers_word(broken), f"byte {at} of {name} was flipped, and it is verified"


@pytest.mark.parametrize("name", sorted(REPOSITORY.write()))
def test_every_file_cut(name: str) -> None:
    files = REPOSITORY.write()
    for end in range(0, len(files[name]), 37):
        assert judged(files | {name: files[name][:end]}) != "verified"


def test_the_canonical_form() -> None:
    assert canonical({"b": [1, True, None], "a": 'x"\\\n'}) == b'{"a":"x\\"\\\\\n","b":[1,true,null]}'
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    for bad in (1.5, deep):
        with pytest.raises(Malformed):
            canonical(bad)


def test_whom_a_role_speaks_for() -> None:
    role = DelegatedRole("r", [], 1, False, ["a/*.img", "b/?"])
    for path in ("a/x.img", "a/b/x.img", "b/1", "b/12", "x.img"):
        assert speaks_for({"paths": role.paths}, path) == role.is_delegated_path(path)
    assert not speaks_for({}, "x")
    hashed = DelegatedRole("r", [], 1, False, None, ["0", "4f"])
    for path in map(str, range(40)):
        assert speaks_for({"path_hash_prefixes": ["0", "4f"]}, path) == hashed.is_delegated_path(path)


FILES = copy.deepcopy(REPOSITORY.write())


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 1 << 20),
)
def test_no_bytes_make_it_raise(name: str, changes: list[tuple[int, int]], cut: int) -> None:
    judged(FILES | {name: mutated(FILES[name], changes, cut)})


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=30)
@given(ANYTHING)
def test_any_json(value: Any) -> None:
    data = json.dumps({"signed": value, "signatures": value}).encode()
    for name in FILES:
        judged(FILES | {name: data})
