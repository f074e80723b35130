"""Requests as the harness makes them, in our own words."""

from lm_eval.api.instance import Instance

RIGHT = '{"answer":"A"}'


def question(number, prompt="### Compito\nuno", doc=None, answer=0, **kwargs):
    """Return the request of a question with two options, or of another document."""
    row = {"id": f"q{number}", "doc_id": f"d{number}", "split": "test", "text": "Quale?", "options": ["sì", "no"]}
    row |= {"answer": answer, "labels": [], "definitions": [], "instruction": "Rispondi."}
    kwargs = {"until": ["\n###"], "max_gen_toks": 32, "do_sample": False, "temperature": 0.0} | kwargs
    return Instance("generate_until", row if doc is None else doc, (prompt, kwargs), 0, ("task", number, 1))
