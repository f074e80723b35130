"""Marked text: nothing is lost or doubled, however spans lie."""

from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.inspect.items import Judged, Part
from itamed.benchmark.inspect.marks import Mark, cut, gold_marks, marks_of
from itamed.benchmark.inspect.printable import printable
from itamed.benchmark.inspect.terminal import marked

TEXT = "edema polmonare acuto"
places = st.tuples(st.integers(0, len(TEXT)), st.integers(0, len(TEXT)))


@given(st.lists(places, max_size=6))
def test_segments_make_up_the_text_and_every_mark_opens_and_closes_once(spans):
    marks = [Mark(start, end, "gold", "right", str(number)) for number, (start, end) in enumerate(spans)]
    segments = cut(TEXT, marks)
    assert "".join(segment.text for segment in segments) == TEXT
    real = sorted(mark.type for mark in marks if mark.start < mark.end)
    for side in ("opening", "closing"):
        assert sorted(mark.type for segment in segments for mark in getattr(segment, side)) == real
    for mark in marks:
        covered = "".join(segment.text for segment in segments if mark in segment.inside)
        assert covered == TEXT[mark.start : mark.end] or mark.type not in real


def test_a_mark_outside_the_text_is_left_out():
    assert [
        segment.inside for segment in cut("abc", [Mark(1, 9, "gold", "right", ""), Mark(-1, 2, "gold", "right", "")])
    ] == [()]
    assert cut("", []) == []


def test_sides():
    whole, part = Part(TEXT, "disturbo", ((0, 21),)), Part("edema", "disturbo", ((0, 5),))
    items = [Judged("boundary", whole, part), Judged("repeated", None, part), Judged("right", part, part)]
    assert [(mark.side, mark.kind, mark.end) for mark in marks_of(items)] == [
        ("gold", "boundary", 21),
        ("answer", "boundary", 5),
        ("both", "right", 5),
    ]
    assert [mark.side for mark in marks_of(items, ("answer", "both"))] == ["answer", "both"]
    assert [(mark.kind, mark.end) for mark in gold_marks(items)] == [("right", 21), ("right", 5)]


def test_marks_are_seen_without_colour():
    items = [
        Judged("boundary", Part("", "disturbo", ((0, 15),)), Part("", "disturbo", ((6, 21),))),
        Judged("type", Part("", "disturbo", ((0, 5),)), Part("", "sede", ((0, 5),))),
    ]
    shown = marked(TEXT, marks_of(items), full=True).plain
    assert shown == "[[edema]≠disturbo → sede {polmonare]~disturbo acuto}~disturbo"


def test_long_stretches_without_marks_are_cut_short():
    text = "a" * 500 + "febbre" + "b" * 500
    mark = Mark(500, 506, "gold", "missed", "disturbo")
    assert marked(text, [mark], full=True).plain == "a" * 500 + "[febbre]−disturbo" + "b" * 500
    short = marked(text, [mark], full=False).plain
    assert len(short) < 400
    assert "[febbre]−disturbo" in short


@given(st.text(st.characters()))
def test_what_is_shown_steers_nothing_and_can_be_encoded(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert shown.encode().decode() == shown
    assert not any(char in "\x1b\r\x07\x9b\u202e\u2066" for char in shown)
