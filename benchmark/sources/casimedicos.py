"""CasiMedicos-Arg in Italian: questions of the Spanish residency exam with explanations by doctors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..errors import SchemaError
from ..passages import passages
from ..rows import ChoiceRow, Component, Edge, GraphRow, Row, Span, SpanRow
from ..text import ngrams, stable_hash, words
from .casimedicos_relations import Pairs, Placed, project, read_objects, read_pairs
from .casimedicos_text import Case, annotated_text, parse_case, read_cases
from .iob import Token
from .source import Archive, Rows, Source
from .tree import Tree

QA = "itamed_qa_casimedicos"
COMPONENTS = "itamed_arg_casimedicos_components"
RELATIONS = "itamed_arg_casimedicos_relations"
