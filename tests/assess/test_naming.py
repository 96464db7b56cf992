"""A fingerprint names one finding of a run, and the same one in the next run."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.evidence import Evidence
from iotscan.assess.naming import named
from iotscan.model.device import Image
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome
from tests.assess.making import AS_OF, at, device, on_image, result

GW = Image(id="gw", source="out/gw-1.2", format="folder", name="gw")
MAC = "00:11:22:33:44:55"


def marks(*results: Result, devices=(), images=(GW,)) -> dict[tuple, str]:
    """Fingerprint by (check, subject, variant, part, observed)."""
    made = named(results, Evidence(devices or [device()], images, (), (), AS_OF))
    return {(r.check, r.subject, r.variant, r.part, r.observed): r.fingerprint for r in made}


def account(name: str, line: int, variant: str = "default", **more: str) -> Result:
    observed = more.get("observed", f"/etc/shadow:{line}: {name!r} md5")
    return result("hashes", subject=on_image("/etc/shadow", line), variant=variant, part=name, observed=observed)


def test_a_finding_in_a_file_keeps_its_fingerprint_when_another_above_it_is_mended():
    before = marks(account("root", 1), account("admin", 2), account("guest", 3))
    after = marks(account("guest", 1))
    (guest,) = after.values()
    assert guest == next(mark for (_, _, _, part, _), mark in before.items() if part == "guest")


def test_without_a_part_what_was_seen_tells_findings_of_a_file_apart():
    def seen(line: int, text: str) -> Result:
        return result("c", subject=on_image("/x", line), observed=f"/x:{line}: {text}")

    before = list(marks(seen(1, "one"), seen(2, "two")).values())
    assert list(marks(seen(1, "two")).values()) == before[1:]


def test_what_is_equal_in_all_is_counted():
    twice = [result("c", subject=on_image("/x", n), observed="same") for n in (1, 2, 3)]
    assert len(set(marks(*twice).values())) == 3


def test_a_service_keeps_its_fingerprint_when_more_is_seen_there():
    first, second = (result("c", subject=at("tcp/443"), observed=text) for text in ("TLSv1.0", "TLSv1.0, TLSv1.1"))
    assert list(marks(first).values()) == list(marks(second).values())


def test_what_makes_another_finding_makes_another_fingerprint():
    given_devices = [device(), device("d2", "192.0.2.2")]
    base = result("c", subject=at("tcp/443"), variant="ajar")
    others = [
        replace(base, check="c2"),
        replace(base, variant="open"),
        replace(base, part="x"),
        replace(base, subject=at("tcp/8443")),
        replace(base, subject=at("tcp/443", "d2", "192.0.2.2")),
        replace(base, subject=on_image("/x")),
        replace(base, subject=on_image("/y")),
    ]
    assert len(set(marks(base, *others, devices=given_devices).values())) == len(others) + 1


@given(address=st.integers(2, 250), days=st.integers(0, 99), line=st.integers(1, 99))
def test_address_time_line_and_version_do_not_matter(address: int, days: int, line: int):
    def run(address: str, moment, line: int, source: str) -> list[str]:
        home = device(f"dev-{address}", address, mac=MAC)
        image = Image(id="img", source=source, format="folder", name="gw")
        results = [
            result(
                "c", subject=Subject(device=home.id, address=address, service="tcp/80"), observed=f"seen at {address}"
            ),
            result("k", subject=Subject(image="img", path=f"/lib/modules/6.1.{line}/k", line=line), part="pem"),
        ]
        return [r.fingerprint for r in named(results, Evidence([home], [image], (), (), moment))]

    again = run(f"192.0.2.{address}", AS_OF + timedelta(days=days), line, f"out/gw-{line}")
    assert again == run("192.0.2.1", AS_OF, 1, "out/gw-1")


texts = st.sampled_from(["", "a", "b"])
drawn_results = st.builds(
    lambda check, outcome, subject, variant, part, observed: result(
        check, outcome, subject=subject, variant=variant, part=part, observed=observed
    ),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from(Outcome),
    st.one_of(
        st.builds(at, st.sampled_from(["", "tcp/80", "tcp/443"])),
        st.builds(on_image, st.sampled_from(["", "/x", "/lib/1.2/x", "/lib/1.3/x"]), st.integers(0, 2)),
    ),
    texts,
    texts,
    texts,
)


@given(st.lists(drawn_results, max_size=12), st.randoms(use_true_random=False))
def test_no_two_results_share_a_fingerprint_whatever_their_order(drawn: list[Result], dice):
    evidence = Evidence([device()], [GW], (), (), AS_OF)
    made = named(drawn, evidence)
    assert len({r.fingerprint for r in made}) == len(drawn)
    dice.shuffle(drawn)
    assert named(drawn, evidence) == made
