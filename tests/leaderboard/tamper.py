"""What somebody may do to a bundle: change its files, with and without new checksums, and pack them again."""

import hashlib
import json
from contextlib import suppress

from itamed.benchmark.families import right_answer
from itamed.benchmark.rows import row_class
from itamed.leaderboard.archive import pack
from itamed.leaderboard.bundle import MANIFEST, SCORES
from itamed.leaderboard.rescore import docs_of, rescore
from itamed.leaderboard.validate import validate

NER, QA, CRF = "itamed-mini-ner-e3c-clinentity", "itamed-mini-qa-casimedicos", "itamed-mini-crf-dyspnea"
TASKS = (NER, QA, CRF)


def sealed(files, counted=True):
    """Return the files with the checksums that they have now, and the tokens of their answers."""
    manifest = json.loads(files[MANIFEST])
    if counted:
        with suppress(ValueError, TypeError, KeyError):
            manifest["cost"].update(tokens(files))
    manifest["checksums"] = {k: hashlib.sha256(v).hexdigest() for k, v in files.items() if k != MANIFEST}
    return files | {MANIFEST: json.dumps(manifest, ensure_ascii=False).encode()}


def tokens(files):
    """Return the tokens of all answers, by side."""
    said = [json.loads(line) for name in files if name.startswith("samples_") for line in files[name].splitlines()]
    counts = {side: [answer[side] for answer in said] for side in ("tokens_in", "tokens_out")}
    if any(type(count) not in (int, type(None)) for found in counts.values() for count in found):
        raise TypeError("tokens of a kind that no manifest holds")
    return {side: None if None in found else sum(found) for side, found in counts.items()}


def changed(files, name, change):
    """Return the files, sealed, after `change` was done to the parsed JSON of one."""
    value = json.loads(files[name])
    change(value)
    return sealed(files | {name: json.dumps(value).encode()}, counted=name != MANIFEST)


def answers(files, task):
    return [json.loads(line) for line in files[f"samples_{task}.jsonl"].splitlines()]


def with_answers(files, task, found):
    """Return the files, sealed, with other answers to a task."""
    text = "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in found)
    return sealed(files | {f"samples_{task}.jsonl": text.encode()})


def rescored(files, task, found):
    """Return the files of a bundle with other answers to a task and the scores that they give."""
    reports = rescore(docs_of(task), {each["id"]: each["answer"] for each in found}).reports
    files = changed(files, SCORES, lambda scores: scores["tasks"][task].update(modes=reports))
    return with_answers(files, task, found)


def with_gold(files, task, but=0):
    """Return the files of a bundle with the gold answers to a task, but for those to its first rows."""
    docs = docs_of(task)
    found = [
        each if at < but else each | {"answer": gold(docs[each["id"]])} for at, each in enumerate(answers(files, task))
    ]
    return rescored(files, task, found)


def gold(doc):
    return right_answer(row_class(doc).from_dict(dict(doc)))


def verdict(files, place, against=None):
    path = place / "tampered.zip"
    path.write_bytes(pack(files))
    return validate(path, against, mini=True)


def errors(files, place, against=None):
    """Return the errors that are found in a bundle of these files."""
    return [each for each in verdict(files, place, against).findings if each.severity == "error"]


def only(found):
    """Return the one finding that there is."""
    assert len(found) == 1, list(map(str, found))
    return found[0]
