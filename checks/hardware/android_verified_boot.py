"""Android Verified Boot is switched on and uses a key of the maker's own.

## What it looks at
Every vbmeta image, by itself or at the end of a partition: its flags, its algorithm, whether its signature fits the key
in it, and whether that key (or one that a partition is handed to) is a test key of AOSP, whose private half is public.
Whether the device trusts this key, and whether it is locked, is not in the image.

## Why it matters
One bit in vbmeta switches verification off for every partition, and images leave the factory with it when somebody
debugged with `--disable-verity`. Signed with the test key of the source tree, an image is signed by everybody.

## How to fix
Build with `BOARD_AVB_ENABLE := true`, `BOARD_AVB_ALGORITHM := SHA256_RSA4096` and `BOARD_AVB_KEY_PATH` at your own key;
leave `BOARD_AVB_MAKE_VBMETA_IMAGE_ARGS` without `--flags` and `--set_hashtree_disabled_flag`. Raise
`BOARD_AVB_ROLLBACK_INDEX` with every security release, and check with `avbtool info_image --image vbmeta.img`.

## References
- Android Verified Boot 2.0, README.md and libavb/avb_vbmeta_image.h (flags, algorithms)
- AOSP platform/external/avb, test/data/testkey_rsa2048.pem, testkey_rsa4096.pem, testkey_rsa8192.pem: SHA-1 of their
  public keys as in AOSP system/core fs_mgr/libfs_avb/tests
- ETSI EN 303 645 V3.1.3 provision 5.7-1
"""

from iotscan.sdk import (
    Returned,
    Subject,
    Target,
    Vbmeta,
    Verdict,
    VerifiedBootMetadata,
    bad,
    check,
    clause,
    command,
    good,
    unknown,
)

TEST_KEYS = {
    "22de3994532196f61c039e90260d78a93a4c57362c7e789be928036e80b77c8c": "testkey_rsa2048",
    "7728e30f50bfa5cea165f473175a08803f6a8346642b5aa10913e9d9e6defef6": "testkey_rsa4096",
    "e15e2365469ce672a91d02cc8d9c2f29b787481e574d3b56ac774153d7ced614": "testkey_rsa8192",
}
"""SHA-256 of the public keys as AVB writes them (bits, n0inv, n, rr)."""


def judge(found: Vbmeta, image: str) -> Verdict | None:
    """The verdict on one vbmeta image, by the worst that is proved; None when it is in order."""
    place = Subject(image=image, path=found.path)
    ask = command("avbtool", "info_image", "--image", found.path.rpartition("/")[2])
    what = f"{place}: {found.algorithm}, rollback index {found.rollback_index}"

    def said(variant: str, summary: str, expected: str) -> Verdict:
        return bad(variant, summary, observed=what, expected=expected, reproduce=ask, about=place)

    if found.verification_disabled:
        return said("disabled", "vbmeta switches verification off", "flags 0")
    if found.hashtree_disabled:
        return said("hashtree-disabled", "vbmeta switches dm-verity off", "flags 0")
    test = [TEST_KEYS[k] for k in (found.public_key_sha256, *found.chained_keys) if k in TEST_KEYS]
    if test:
        return said("test-key", f"signed with {test[0]} of AOSP, which everybody has", "a key of the maker's own")
    if found.algorithm == "NONE":
        # A partition's own vbmeta may go unsigned where a signed one holds its digest.
        return None
    if not found.signature_holds.is_answered:
        return unknown(found.signature_holds.detail, about=place)
    if not found.signature_holds.value:
        return said("broken-signature", "the signature does not fit the key beside it", "a signature that holds")
    return None


@check(
    id="android-verified-boot",
    aliases=("HW-003",),
    title="Android Verified Boot is switched on with a key of the maker's own",
    element="hardware",
    variants={
        "disabled": ("high", "vbmeta switches verification off"),
        "hashtree-disabled": ("high", "vbmeta switches dm-verity off"),
        "test-key": ("high", "vbmeta is signed with a public test key"),
        "unsigned": ("high", "No vbmeta in the image is signed"),
        "broken-signature": ("high", "The signature of vbmeta does not hold"),
        "no-rollback-index": ("low", "Every rollback index is 0: old images are taken"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("ETSI EN 303 645", "V2.1.1", "5.7-1"),
        clause("IEC 62443-4-2", "2019", "EDR 3.14"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="high",
)
def android_verified_boot(found: VerifiedBootMetadata, target: Target) -> Returned:
    """Judge every vbmeta; one that is signed must stand above those that are not."""
    image = target.subject.image
    verdicts = [verdict for one in found.vbmeta if (verdict := judge(one, image))]
    if all(one.algorithm == "NONE" for one in found.vbmeta):
        first = found.vbmeta[0]
        place = Subject(image=image, path=first.path)
        text = f"{place}: algorithm NONE"
        wanted = "SHA256_RSA2048 or stronger"
        verdicts.append(bad("unsigned", "vbmeta is not signed", observed=text, expected=wanted, about=place))
    if verdicts:
        return verdicts
    if not any(one.rollback_index for one in found.vbmeta):
        place = Subject(image=image, path=found.vbmeta[0].path)
        text = "every rollback index is 0"
        return bad("no-rollback-index", text, observed=f"{place}: 0", expected="an index above 0", about=place)
    return good(f"{len(found.vbmeta)} vbmeta images, signed with keys that are no test keys")
