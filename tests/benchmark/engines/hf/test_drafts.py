"""Guesses: from the note where a string is being copied, from habit elsewhere, with honest chances."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.engines.hf.drafts import Echo, Guesser, Habits, Note, Rate, worth

PIECES = [b"dol", b"ore", b" al", b" dol", b"ente"]
TOKENS = [10, 11, 12, 13, 14]
START = b'{"text":"'
WORTH_ALONE = worth(1, "cpu")


@pytest.fixture
def note():
    return Note(TOKENS, PIECES)


def test_a_copy_goes_on_with_the_token_that_begins_there(note):
    assert note.after(b"dol") == 11
    assert note.after(b"dolore") == 12
    assert note.after(b"ore al") == 13
    assert note.after(b" dol") == 14, "the second occurrence alone"


def test_no_token_begins_inside_another(note):
    assert note.after(b"do") is None
    assert note.after(b"dolor") is None
    assert note.after(b"l") == 11, "an ending will do"


def test_later_occurrences_are_tried_where_no_token_begins():
    assert Note([1, 2, 3], [b"febbrile", b" feb", b"bre"]).after(b"feb") == 3


def test_what_is_not_in_the_note_has_no_copy(note):
    assert note.after(b"tosse") is None
    assert note.after(b"") is None
    assert note.after(b"dolente") is None, "the end of the note"
    assert Note([], []).after(b"a") is None


@given(st.lists(st.binary(min_size=1, max_size=3), min_size=1, max_size=8), st.data())
def test_the_token_after_a_copy_does_follow_it(pieces, data):
    note = Note(range(len(pieces)), pieces)
    begin = data.draw(st.integers(0, len(pieces) - 1))
    end = data.draw(st.integers(begin, len(pieces) - 1))
    copied = b"".join(pieces[begin:end])
    if copied and end < len(pieces):
        found = note.after(copied)
        assert found is not None
        assert b"".join(pieces[:found]).endswith(copied)


def test_a_habit_is_what_followed_most_often():
    habits = Habits()
    for chosen in (5, 6, 5):
        habits.learn([1, 2, 3, 4], chosen)
    assert habits.usual([1, 2, 3, 4]) == (5, 2 / 4)
    assert habits.usual([9, 9, 3, 4]) == (5, 2 / 4), "the last two tokens are enough"
    assert habits.usual([9, 9, 9, 4]) == (5, 2 / 4)
    assert habits.usual([9, 9, 4, 9]) is None


def test_the_longest_known_context_counts():
    habits = Habits()
    habits.learn([1, 2, 3, 4], 5)
    for _ in range(9):
        habits.learn([7, 7, 7, 4], 6)
    assert habits.usual([1, 2, 3, 4]) == (5, 1 / 2)
    assert habits.usual([0, 0, 0, 4])[0] == 6


def test_the_beginning_of_an_answer_is_a_context_too():
    habits = Habits()
    assert habits.usual([]) is None
    habits.learn([], 5)
    assert habits.usual([])[0] == 5


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3]])
def test_what_was_seen_once_counts_once(tokens):
    """Near the beginning of an answer its contexts of all sizes are the same one."""
    habits = Habits()
    habits.learn(tokens, 5)
    assert habits.usual(tokens) == (5, 1 / 2)


def test_a_chance_is_never_certain():
    habits = Habits()
    for _ in range(1000):
        habits.learn([1], 2)
        habits.copying.learn(2, 2)
    assert 0.99 < habits.usual([1])[1] < 1
    assert 0.99 < habits.copying.chance < 1


def test_copies_are_guessed_inside_of_strings_alone(note):
    guesser = Guesser(note, Habits())
    assert guesser.guess([], START + b"dol") == (11, Habits().copying.chance)
    assert guesser.guess([], START) is None, "nothing is copied yet"
    assert guesser.guess([], START + b'dolore"') is None
    assert guesser.guess([], b"dol") is None, "no string has begun"
    assert guesser.guess([], START + b'dolore","type":"dol')[0] == 11


def test_the_likelier_source_is_followed(note):
    habits = Habits()
    guesser = Guesser(note, habits)
    habits.learn([0, 1, 2, 3], 8)
    habits.learn([0, 1, 2, 3], 8)
    assert guesser.guess([0, 1, 2, 3], START + b"dol") == (8, 2 / 3)
    for _ in range(9):
        habits.copying.learn(9, 9)
    assert guesser.guess([0, 1, 2, 3], START + b"dol") == (11, habits.copying.chance)


def test_guesses_must_be_surer_where_many_answers_share_a_forward():
    alone, few, many = (worth(rows, "cpu") for rows in (1, 8, 100))
    assert alone < few < many
    assert worth(100, "cuda") < many, "arithmetic is cheap there"
    # Half of a forward's fixed cost pays for the guess: one of two must come true.
    assert worth(12, "cpu") == pytest.approx(0.5)


def test_copying_is_given_up_where_it_fails(note):
    habits = Habits()
    guesser = Guesser(note, habits)
    assert guesser.guess([], START + b"dol")[1] >= WORTH_ALONE
    for number in range(4):
        guesser.learn([number], START + b"dol", 99)
    assert guesser.guess([50], START + b"dol")[1] < WORTH_ALONE
    for number in range(20):
        guesser.learn([number], START + b"dol", 11)
    assert guesser.guess([50], START + b"dol")[1] > WORTH_ALONE


def test_choices_outside_of_copies_say_nothing_about_copying(note):
    habits = Habits()
    Guesser(note, habits).learn([1], START + b"tosse", 5)
    assert habits.copying == Rate()


def test_an_answer_that_repeats_itself_is_guessed_to_go_on():
    echo = Echo()
    loop = [1, 2, 3, 4, 5, 6, 7]
    echo.read(loop)
    assert echo.after(loop) is None, "nothing has come back yet"
    echo.read([*loop, *loop[:6]])
    assert echo.after([*loop, *loop[:6]]) == 7
    assert echo.after([9, 1, 2, 3, 4, 5, 6]) == 7, "only the last six matter"
    assert echo.after([2, 3, 4, 5, 6]) is None
    echo.read([*loop, *loop[:6], 8])
    assert echo.after([1, 2, 3, 4, 5, 6]) == 8, "the last time counts"


def test_a_loop_is_followed_the_longer_the_more_it_came_true():
    habits = Habits()
    guesser = Guesser(Note([], []), habits)
    tokens = [*range(10, 20)] * 9
    for at, chosen in enumerate(tokens):
        guesser.learn(tokens[:at], b"", chosen)
    habits.learn(tokens[-4:], 99)
    assert guesser.guess(tokens, b"") == (10, habits.echoing(80).chance)
    assert habits.echoing(0) == Rate(2, 3)
    assert habits.echoing(0).chance < habits.echoing(10).chance < habits.echoing(80).chance
    guesser.learn(tokens, b"", 5)
    assert guesser.guess(tokens, b"")[1] < 0.9, "the loop is broken"
