import pytest

from escalate_daemon.core.ids import member_id
from escalate_daemon.trust.fingerprint import fingerprint
from escalate_daemon.trust.identity import Identity, verify


def test_signature_is_verified_by_the_public_key_alone() -> None:
    me = Identity.generate()
    sig = me.sign(b"data")
    assert verify(me.key, sig, b"data")
    assert not verify(me.key, sig, b"other")
    assert not verify(Identity.generate().key, sig, b"data")


@pytest.mark.parametrize(("key", "sig"), [(b"", b""), (b"k" * 31, b"s" * 64), (b"k" * 32, b""), (bytes(32), bytes(64))])
def test_malformed_keys_and_signatures_verify_nothing(key: bytes, sig: bytes) -> None:
    assert not verify(key, sig, b"data")


def test_identity_survives_its_private_bytes() -> None:
    me = Identity.generate()
    again = Identity.from_private(me.signing.private_bytes_raw(), me.sealing.private_bytes_raw())
    assert (again.key, again.encryption_key, again.member) == (me.key, me.encryption_key, member_id(me.key))


def test_private_keys_of_wrong_length_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Identity.from_private(b"short", b"short")


def test_fingerprint_is_short_readable_and_of_one_key() -> None:
    one, other = fingerprint(b"a" * 32), fingerprint(b"b" * 32)
    assert one == fingerprint(b"a" * 32) != other
    assert [len(group) for group in one.split("-")] == [4, 4, 4, 4]
    assert not set(one) & set("ilou")
