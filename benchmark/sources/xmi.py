"""Read one UIMA XMI file as WebAnno writes it for E3C: text, typed annotations and their links."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import SchemaError, SourceError

_ID = "{http://www.omg.org/XMI}id"
_POSITION = {_ID, "sofa", "begin", "end"}
_CONCEPT = re.compile(r"C\d{7}")


@dataclass(frozen=True)
class Annotation:
    """A typed stretch of the document: `text == document.text[start:end]`, in code points.

    A span flagged discontinuous encloses its gap. `attributes` are the publisher's own, but for
    repaired flags (`parse_xmi`).
    """

    id: str
    type: str
    start: int
    end: int
    text: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class XmiDocument:
    """One annotated document; `links` leads from a link element's id to the annotation it targets."""

    text: str
    annotations: tuple[Annotation, ...]
    links: Mapping[str, str]

    def of(self, kind: str) -> tuple[Annotation, ...]:
        """Return the annotations of one type, in text order."""
        return tuple(a for a in self.annotations if a.type == kind)

    def targets(self, annotation: Annotation, feature: str) -> tuple[Annotation, ...]:
        """Return the annotations that a link feature (ids of link elements) of `annotation` leads to.

        Raises:
            SchemaError: a link is unknown or leads to no annotation that was read.
        """
        known = {a.id: a for a in self.annotations}
        links = annotation.attributes.get(feature, "").split()
        try:
            return tuple(known[self.links[link]] for link in links)
        except KeyError as error:
            message = f"Annotation {annotation.id} ({annotation.type}) has a broken {feature} link: {error}."
            raise SchemaError(f"{message} Use the corpus version that the source names.") from None


def parse_xmi(data: bytes, name: str, types: Collection[str]) -> XmiDocument:
    """Parse an XMI file.

    Annotators typed some concept ids into the field that flags discontinuous spans; those spans are
    contiguous: the id is moved to `entityID` where that is empty, and the flag is dropped.

    Args:
        data: the file's bytes.
        name: the file's name, for error messages.
        types: local names of the annotation types to keep, e.g. "CLINENTITY".

    Raises:
        SourceError: the file is cut off or no XML.
        SchemaError: the file holds no text, or an annotation lies outside it.
    """
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        message = f"{name} is cut off or no XML ({error}): delete the source archive and download it again."
        raise SourceError(message) from error
    text = _text(root, name)
    points = _code_points(text)
    found = [_annotation(e, text, points, name) for e in root if _local(e) in types]
    links = {e.attrib[_ID]: e.attrib["target"] for e in root if "target" in e.attrib}
    return XmiDocument(text, tuple(sorted(found, key=lambda a: (a.start, a.end, a.type, a.id))), links)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(root: ET.Element, name: str) -> str:
    texts = [e.attrib["sofaString"] for e in root if "sofaString" in e.attrib]
    if len(texts) != 1:
        raise SchemaError(f"{name} holds {len(texts)} texts instead of one (sofaString): is it a UIMA XMI file?")
    return texts[0]


def _code_points(text: str) -> dict[int, int]:
    """Map UTF-16 offsets, which UIMA counts, to code points; the middle of a surrogate pair has none."""
    points, unit = {}, 0
    for point, character in enumerate(text):
        points[unit] = point
        unit += 2 if ord(character) > 0xFFFF else 1
    return {**points, unit: len(text)}


def _annotation(element: ET.Element, text: str, points: Mapping[int, int], name: str) -> Annotation:
    kind, key = _local(element), element.get(_ID, "?")
    try:
        start, end = points[int(element.attrib["begin"])], points[int(element.attrib["end"])]
    except (KeyError, ValueError):
        start = end = 0
    if start >= end:
        where = f"{element.get('begin')}-{element.get('end')}"
        message = f"{name}: {kind} {key} has the offsets {where}, which are no part of its text."
        raise SchemaError(f"{message} Use the corpus version that the source names.")
    attributes = {key: value for key, value in element.attrib.items() if key not in _POSITION}
    return Annotation(key, kind, start, end, text[start:end], _repaired(attributes))


def _repaired(attributes: dict[str, str]) -> dict[str, str]:
    flag = attributes.get("discontinuous", "")
    if not _CONCEPT.fullmatch(flag):
        return attributes
    rest = {key: value for key, value in attributes.items() if key != "discontinuous"}
    return {**rest, "entityID": rest.get("entityID") or flag}
