"""Whether what calls itself one of our rules is one: they are asked for no commit and no declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from itamed.benchmark.report.settings import RULES

from .bundle import MANIFEST, samples_name
from .findings import Finding
from .manifest import Manifest
from .opened import Opened
from .rescore import Docs

if TYPE_CHECKING:
    from itamed.benchmark.baselines import Rule


def rule_name_findings(manifest: Manifest) -> Iterator[Finding]:
    """Tell of what names our engine of rules, and none of them."""
    if manifest.decoding.engine != RULES:
        return
    names, model = _by_name(), manifest.model
    if model.name not in names:
        yield Finding(MANIFEST, "model.name", f"a rule of {RULES}: {', '.join(names)}", model.name)
    if model.adapter:
        yield Finding(MANIFEST, "model.adapter", f"none, as {RULES} has no weights", model.adapter.name)


def rule_findings(bundle: Opened, name: str, docs: Docs) -> Iterator[Finding]:
    """Answer the rows of a task by the rule that a bundle names, and tell of any other answer."""
    manifest = bundle.manifest
    if manifest.decoding.engine != RULES or manifest.model.name not in _by_name():
        return
    from itamed.benchmark.baselines import answer_by

    rule, answers = _by_name()[manifest.model.name], bundle.answers[name]
    if other := sum(each.answer != answer_by(rule, name, docs[each.id]) for each in answers):
        expected, found = f"the answers of rule {manifest.model.name}", f"others, in {other} of {len(answers)} rows"
        yield Finding(samples_name(name), "answer", expected, found)


def _by_name() -> Mapping[str, Rule]:
    # Not above: it loads the harness.
    from itamed.benchmark.baselines import RULES as BY_NAME

    return BY_NAME
