"""The embedded mini set: 20 tasks in miniature, in our own words, with the schemas of the real suite.

Patients, notes, leaflets, questions and sentences are invented for this project; no sentence comes
from a corpus (an integration test compares all word 8-grams with the original archives). Brand
names in leaflets are invented too. Scores on this set mean nothing but "the machinery works".

Splits are those of the real suite: train for few-shot examples, dev, test; where a real source has
no train split its few-shot pool is dev, and the glaucoma sentences have test alone (few-shot from
itamed_arg_abstrct). Tasks on the same notes share them, and no document stands in two splits.
Among the first three rows of a pool and of a test split of the NER, RE and ARG tasks, one has an
empty answer at least.

Annotation guidelines
---------------------
All entity spans: the shortest noun phrase that says it all, at word boundaries, without article,
leading preposition or final punctuation. Every mention counts, repeated ones too. Spans may nest.

* disturbo: diseases, symptoms and signs as nouns, also if negated, suspected, past or of a
  relative. Adjectives of kind or site belong to it (acuta, toracico); intensity (lieve, modesto) and
  course (ingravescente) do not. A disorder with a noun of its own inside a longer one is annotated
  too. Adjectives and verbs alone (apirettico, si perde), measured values, procedures and their
  wounds are no disorder.
* parte del corpo: nouns of organs, regions, tissues and body fluids with side and place, also
  inside a disorder or an examination; adjectives alone (addominale) are not.
* espressione temporale: dates, times, durations, frequencies and relative expressions, with "circa",
  "oltre", "dopo" or "precedente" if they stand next to it; ages and vague adverbs (oggi, spesso)
  are not.
* risultato: value of an examination or measurement with its unit and sign of comparison, or the
  verdict on it (negativo, nella norma). Doses, reference ranges and volumes of drained fluid are
  not. Each result pertains to the examination as the note writes it, in the shortest full form.
* Forms: a finding is presente (stated, also treated or known), assente (negated), incerto
  (suspected or doubtful), else not available; an examination has its result as written. An item is
  not scored where the note gives it twice with different values.
  On emergency pages y is stated, n denied or excluded, unknown not said; states are those at arrival.
* farmaco, case reports: active substances, brands and fluids or gases given as treatment, also if
  stopped, refused or cause of an allergy; no drug classes, analytes, doses or routes.
* Leaflets: farmaco as above, and drug classes; malattia, a diagnosis; sintomo, what the patient
  notices, adverse effects included; parte anatomica, body parts but no substances of the body.
* Arguments: premessa, a fact on the patient or medical knowledge used as ground; affermazione, an
  answer option or a conclusion. A component is a clause without final stop; the number of an option
  stays outside. supporto: the head makes the tail more credible; attacco: less.
* Trial sentences: premessa, an observed outcome; affermazione, a conclusion of the authors; aims,
  methods and background are neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib.resources import files
from typing import Any

import yaml

from ..errors import DataMissingError
from ..rows import Row
from . import builders

_SHEETS: dict[str, tuple[str, str, Callable[[builders.Sheet], Iterable[Row]]]] = {
    "itamed_ner_e3c_clinentity": ("notes", "notes", partial(builders.span_rows, types={"disturbo"})),
    "itamed_ner_e3c_bodypart": ("notes", "notes", partial(builders.span_rows, types={"parte del corpo"})),
    "itamed_ner_e3c_timex": ("notes", "notes", partial(builders.span_rows, types={"espressione temporale"})),
    "itamed_ner_e3c_result": ("notes", "notes", partial(builders.span_rows, types={"risultato"})),
    "itamed_ner_drugtemist": ("drugs", "drugtemist", partial(builders.span_rows, types={"farmaco"})),
    "itamed_ner_pharmaer": (
        "leaflets",
        "notes",
        partial(builders.span_rows, types={"farmaco", "malattia", "sintomo", "parte anatomica"}),
    ),
    "itamed_ner_cardioccc": ("drugs", "cardioccc", partial(builders.span_rows, types={"farmaco"})),
    "itamed_re_e3c_pertainsto": ("notes", "notes", builders.pair_rows),
    "itamed_re_e3c_projected": ("results", "notes", builders.pair_rows),
    "itamed_crf_e3c": ("notes", "notes", builders.form_rows),
    "itamed_crf_dyspnea": ("dyspnea", "notes", builders.form_rows),
    "itamed_qa_casimedicos": ("cases", "casimedicos", builders.choice_rows),
    "itamed_qa_medmcqa": ("facts", "medmcqa", builders.choice_rows),
    "itamed_qa_medqa": ("cases", "medqa", builders.choice_rows),
    "itamed_qa_ssm": ("facts", "ssm", builders.choice_rows),
    "itamed_qa_admission": ("admission", "admission", builders.choice_rows),
    "itamed_arg_casimedicos_components": ("arguments", "notes", builders.component_rows),
    "itamed_arg_casimedicos_relations": ("arguments", "notes", builders.graph_rows),
    "itamed_arg_abstrct": ("abstracts", "neoplasm", builders.component_rows),
    "itamed_arg_abstrct_glaucoma": ("abstracts", "glaucoma", builders.component_rows),
}

MINI_TASKS: tuple[str, ...] = tuple(_SHEETS)
"""The names of the 20 tasks, in-distribution and out-of-distribution."""


def mini_rows(task: str) -> list[Row]:
    """Return the mini rows of a task, all splits together, in the order in which they are written.

    Args:
        task: a name of the suite, e.g. "itamed_ner_e3c_timex".

    Raises:
        DataMissingError: there is no such task.
    """
    if task not in _SHEETS:
        raise DataMissingError(f"There is no mini set for {task!r}: choose one of {', '.join(MINI_TASKS)}.")
    return list(_built(task))


@cache
def _built(task: str) -> tuple[Row, ...]:
    name, key, build = _SHEETS[task]
    content = _content(name)
    return tuple(build(builders.Sheet(task, content[key], content.get("pages", {}), content.get("empty", ""))))


@cache
def _content(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    # The C loader is ten times faster, but PyYAML may be installed without it.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
