"""What the daemon itself says to its person."""

from escalate_daemon import wording


def test_both_fingerprints_stand_under_each_other_whatever_the_name() -> None:
    for name in ("a", "ana", "Ben the tall", ""):
        mine, theirs = wording.fingerprints("aaaa-1111", "bbbb-2222", name)
        assert mine.index("aaaa") == theirs.index("bbbb")
        assert theirs.startswith(f"{name or 'the inviter'}'s fingerprint: ")
