"""XMI: offsets, links, repaired flags and clear errors, on made-up files."""

from xml.sax.saxutils import quoteattr

import pytest
from itamed.benchmark.errors import SchemaError, SourceError
from itamed.benchmark.sources.xmi import parse_xmi

TYPES = ("CLINENTITY", "EVENT", "RML")


def xmi(text: str, *elements: str) -> bytes:
    body = "".join(f"<custom:{element}/>" for element in elements)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmlns:custom="http:///c.ecore">'
        f'{body}<cas:Sofa xmi:id="1" sofaString={quoteattr(text)}/></xmi:XMI>'
    ).encode()


def mark(kind: str, key: int, begin: int, end: int, **attributes: str) -> str:
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'{kind} xmi:id="{key}" sofa="1" begin="{begin}" end="{end}"{more}'


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("before", ["Sta bene 🙂 ma ha ", "🩺🩺 ", "è già ", "riga\r\nnuova\t"])
def test_offsets_are_code_points_whatever_stands_before(before):
    text = f"{before}tosse 🤒 forte"
    data = xmi(text, mark("CLINENTITY", 2, units(before), units(before) + 5))
    (found,) = parse_xmi(data, "a.xml", TYPES).annotations
    assert (found.start, found.end, found.text) == (len(before), len(before) + 5, "tosse")


def test_a_span_may_hold_an_emoji_and_end_with_the_text():
    text = "dice 🤒 tosse 🤒"
    (found,) = parse_xmi(xmi(text, mark("EVENT", 2, 5, units(text))), "a.xml", TYPES).annotations
    assert found.text == "🤒 tosse 🤒" and found.end == len(text)


@pytest.mark.parametrize("span", [(0, 99), (40, 45), (3, 3), (5, 2), (-2, 4), (7, 9)])
def test_offsets_outside_the_text_or_inside_a_surrogate_pair_are_refused(span):
    with pytest.raises(SchemaError, match=r"b\.xml.*EVENT 2.*no part of its text"):
        parse_xmi(xmi("tosse 🤒 forte", mark("EVENT", 2, *span)), "b.xml", TYPES)


@pytest.mark.parametrize("data", [xmi("tosse", mark("EVENT", 2, 0, 5))[:-30], b"", b"\x1f\x8b not xml"])
def test_a_cut_off_file_is_named_with_what_to_do(data):
    with pytest.raises(SourceError, match=r"dir/c\.xml.*download it again"):
        parse_xmi(data, "dir/c.xml", TYPES)


def test_xml_without_a_text_is_refused():
    with pytest.raises(SchemaError, match="0 texts"):
        parse_xmi(b"<a/>", "d.xml", TYPES)


def test_only_the_wanted_types_are_kept_in_text_order_and_nested_spans_stay():
    marks = [mark("EVENT", 5, 6, 11), mark("CLINENTITY", 4, 0, 11), mark("CLINENTITY", 3, 0, 5), mark("ACTOR", 2, 0, 5)]
    document = parse_xmi(xmi("dolor forte", *marks), "e.xml", TYPES)
    assert [(a.type, a.start, a.end) for a in document.annotations] == [
        ("CLINENTITY", 0, 5),
        ("CLINENTITY", 0, 11),
        ("EVENT", 6, 11),
    ]


def test_links_lead_to_annotations_and_a_broken_one_is_an_error():
    link = 'Link xmi:id="8" target="2"'
    marks = [mark("EVENT", 2, 0, 4), mark("RML", 3, 5, 8, PERTAINSTO="8"), mark("RML", 4, 5, 8, PERTAINSTO="9"), link]
    document = parse_xmi(xmi("peso 3kg", *marks), "f.xml", TYPES)
    good, broken = document.of("RML")
    assert [a.text for a in document.targets(good, "PERTAINSTO")] == ["peso"]
    assert document.targets(document.of("EVENT")[0], "PERTAINSTO") == ()
    with pytest.raises(SchemaError, match="PERTAINSTO"):
        document.targets(broken, "PERTAINSTO")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"discontinuous": "DISCONTINUOUS", "entityID": "C0000001"}, None),
        ({"discontinuous": "C0000002"}, {"entityID": "C0000002"}),
        ({"discontinuous": "C0000002", "entityID": "C0000001"}, {"entityID": "C0000001"}),
    ],
)
def test_a_concept_typed_into_the_flag_is_moved_and_a_true_flag_stays(given, expected):
    data = xmi("tosse", mark("CLINENTITY", 2, 0, 5, **given))
    (found,) = parse_xmi(data, "g.xml", TYPES).annotations
    assert dict(found.attributes) == (given if expected is None else expected)
