import pytest

from escalate_daemon.core import tuning
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.context import Context
from support.core_cast import cast_of

CAST = cast_of("ana", "ben", "cem")
BEN, CEM = CAST.id("ben"), CAST.id("cem")
START = 1_000_000


@pytest.fixture
def ctx() -> Context:
    return CAST.context("ana", START)


@pytest.fixture
def book(ctx: Context) -> AddressBook:
    return AddressBook(ctx, lambda member: member == CEM)


def text(book: AddressBook) -> str | None:
    best = book.best_due(BEN)
    return None if best is None else best.text


def test_published_address_is_dialled_at_once(book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    assert text(book) == "b:1"
    assert book.best_due(CEM) is None


def test_dialled_address_rests_until_its_dial_is_over(ctx: Context, book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    book.dialled(book.get("b:1"))
    assert text(book) is None
    ctx.now += tuning.REDIAL_RECENT_MAX
    assert text(book) == "b:1"


@pytest.mark.parametrize(("recent", "longest"), [(True, tuning.REDIAL_RECENT_MAX), (False, tuning.REDIAL_MAX)])
def test_backoff_grows_and_has_its_bound(ctx: Context, book: AddressBook, recent: bool, longest: int) -> None:
    waits = []
    for _ in range(40):
        book.failed(book.get("b:1"), recent=recent)
        waits.append(book.get("b:1").next_try - ctx.now)
    assert tuning.REDIAL_FIRST <= waits[0] <= 2 * tuning.REDIAL_FIRST
    assert max(waits) <= longest
    assert min(waits[-20:]) >= longest // 2


def test_answer_a_hint_and_a_new_network_end_the_backoff(ctx: Context, book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    for mend in (
        lambda: book.succeeded("b:1", BEN),
        lambda: book.hint("b:1"),
        book.forgive_all,
    ):
        for _ in range(8):
            book.failed(book.get("b:1"), recent=False)
        assert text(book) is None
        mend()
        assert text(book) == "b:1"
        assert book.get("b:1").failures == 0


def test_best_address_has_the_fewest_failures_then_answered_last(ctx: Context, book: AddressBook) -> None:
    book.publish(BEN, ("b:1", "b:2", "b:3"))
    book.failed(book.get("b:1"), recent=True)
    book.succeeded("b:2", BEN)
    ctx.now += 1
    book.succeeded("b:3", BEN)
    ctx.now += tuning.REDIAL_MAX
    assert text(book) == "b:3"
    book.failed(book.get("b:3"), recent=True)
    ctx.now += tuning.REDIAL_MAX
    assert text(book) == "b:2"


def test_own_address_is_never_dialled_again(book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    book.hint("b:2")
    book.get("b:1").mine = book.get("b:2").mine = True
    assert text(book) is None
    assert book.unattributed_due() == []


def test_hint_belongs_to_nobody_until_somebody_answers_there(book: AddressBook) -> None:
    book.hint("x:1")
    assert [entry.text for entry in book.unattributed_due()] == ["x:1"]
    book.succeeded("x:1", CEM)
    assert book.unattributed_due() == []
    assert CEM in book.members()


def test_address_that_several_claim_leads_to_each(book: AddressBook) -> None:
    """A profile may claim another's address: that must not cost the other its own."""
    book.succeeded("x:1", CEM)
    book.publish(BEN, ("x:1",))
    assert [entry and entry.text for entry in map(book.best_due, (BEN, CEM))] == ["x:1", "x:1"]
    book.publish(BEN, ())
    assert text(book) is None
    assert book.best_due(CEM) is not None


def test_address_whose_last_claimant_gives_it_up_is_forgotten(book: AddressBook) -> None:
    book.publish(BEN, ("x:1",))
    book.failed(book.get("x:1"), recent=False)
    book.publish(BEN, ())
    assert book.get("x:1").failures == 0


def test_own_address_may_be_anothers_in_a_new_network(book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    book.get("b:1").mine = True
    book.forgive_all()
    assert text(book) == "b:1"


def test_new_profile_forgets_the_addresses_it_names_no_more(book: AddressBook) -> None:
    book.publish(BEN, ("b:1", "b:2"))
    book.publish(BEN, ("b:2",))
    book.failed(book.get("b:2"), recent=True)
    assert text(book) is None


def test_profile_with_too_many_addresses_is_cut(book: AddressBook) -> None:
    book.publish(BEN, [f"b:{n}" for n in range(50)])
    for n in range(tuning.ADDRESSES_MAX):
        book.failed(book.get(f"b:{n}"), recent=False)
    assert text(book) is None


def test_book_is_bounded_and_forgets_hints_before_members(book: AddressBook) -> None:
    book.publish(BEN, ("b:1",))
    for n in range(tuning.ADDRESSES_KNOWN_MAX + 100):
        book.hint(f"x:{n}")
    assert text(book) == "b:1"
    assert len(book.unattributed_due()) == tuning.ADDRESSES_KNOWN_MAX - 1


def test_book_full_of_members_addresses_still_takes_a_new_one(book: AddressBook) -> None:
    for n in range(tuning.ADDRESSES_KNOWN_MAX + 1):
        book.attribute(f"c:{n}", CEM)
    book.publish(BEN, ("b:1",))
    assert text(book) == "b:1"


def test_next_due_is_the_earliest_of_those_asked_for(ctx: Context, book: AddressBook) -> None:
    assert book.next_due([BEN], hints=True) is None
    book.publish(BEN, ("b:1",))
    book.dialled(book.get("b:1"))
    assert book.next_due([BEN], hints=True) == START + tuning.REDIAL_RECENT_MAX
    book.hint("x:1")
    book.get("x:1").next_try = START + 5
    assert book.next_due([BEN], hints=True) == START + 5
    assert book.next_due([BEN], hints=False) == START + tuning.REDIAL_RECENT_MAX
    assert book.next_due([CEM], hints=False) is None


def test_somebody_is_due_when_any_of_the_addresses_is(ctx: Context, book: AddressBook) -> None:
    book.publish(BEN, ("b:1", "b:2"))
    for name in ("b:1", "b:2"):
        book.dialled(book.get(name))
    assert not book.is_due_by(ctx.now, (BEN, CEM))
    assert book.is_due_by(ctx.now + tuning.REDIAL_RECENT_MAX, (BEN, CEM))
    assert not book.is_due_by(ctx.now + tuning.MINUTE, (CEM,))
    book.get("b:1").mine = book.get("b:2").mine = True
    assert not book.is_due_by(ctx.now + tuning.MINUTE, (BEN,))


# --- Several addresses of one daemon ---------------------------------------------------------------
BOTH = ("b:1", "[fe80::b%2]:1")


def test_another_address_of_a_daemon_that_answers_is_not_asked_who_is_there(book: AddressBook) -> None:
    for each in BOTH:
        book.hint(each, BOTH)
    assert len(book.unattributed_due()) == len(book.hinted()) == 2
    book.succeeded("b:1", BEN)
    assert book.unattributed_due() == []
    assert [entry.text for entry in book.hinted()] == ["b:1"]
    assert book.next_due([], hints=True) is None


def test_another_address_is_asked_once_the_first_answers_no_more(book: AddressBook) -> None:
    for each in BOTH:
        book.hint(each, BOTH)
    book.succeeded("b:1", BEN)
    book.failed(book.get("b:1"), recent=True)
    assert [entry.text for entry in book.unattributed_due()] == ["[fe80::b%2]:1"]


def test_advert_gives_no_address_to_anybody(book: AddressBook) -> None:
    """Anybody on the network can say that an address of their own is beside another's."""
    book.succeeded("b:1", BEN)
    book.hint("evil:1", ("evil:1", "b:1"))
    assert book.get("evil:1").owners == set()
    assert text(book) == "b:1"


def test_another_address_of_who_answered_is_one_more_way_until_the_network_changes(book: AddressBook) -> None:
    """A hint of a new interface there: the links of before may lead nowhere, though nobody has noticed yet."""
    book.publish(BEN, ("b:1",))
    book.succeeded("b:1", BEN)
    book.hint("b:2", ("b:1", "b:2"))
    assert book.hinted() == []
    book.forgive_all()
    assert [each.text for each in book.hinted()] == ["b:2"]


def test_another_address_of_who_is_in_reach_by_whatever_way_is_left_alone(book: AddressBook) -> None:
    book.publish(CEM, ("c:1",))
    book.publish(BEN, ("b:1",))
    book.hint("[fe80::c%2]:1", ("c:1", "[fe80::c%2]:1"))
    book.hint("[fe80::b%2]:1", BOTH)
    assert [entry.text for entry in book.unattributed_due()] == ["[fe80::b%2]:1"], "Ben is not in reach"


def test_ways_to_a_member_in_doubt_are_tried_in_turn_those_too_that_only_an_advert_names(
    ctx: Context, book: AddressBook
) -> None:
    book.publish(BEN, ("b:1", "b:2"))
    book.hint("[fe80::b%2]:1", ("b:1", "b:2", "[fe80::b%2]:1"))
    book.hint("x:1", ("x:1", "x:2"))
    ctx.now += 1
    book.succeeded("b:1", BEN)
    ways = []
    for _ in range(6):
        ctx.now += tuning.SECOND_DIAL_EVERY
        way = book.next_way(BEN)
        assert way is not None
        book.dialled(way)
        ways.append(way.text)
    assert set(ways[:3]) == set(ways[3:]) == {"b:1", "b:2", "[fe80::b%2]:1"}
    assert ways[2] == "b:1", "where the doubtful link leads is tried last"
