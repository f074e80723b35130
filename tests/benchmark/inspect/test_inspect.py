"""Browsing a run: the command, pages, hostile answers, licences, runs without texts."""

import json
import re

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.inspect.contrast import contrasts
from itamed.benchmark.inspect.counts import tallies
from itamed.benchmark.inspect.licence import closed
from itamed.benchmark.inspect.read import RedactedError, read_notes
from itamed.benchmark.inspect.show import show_inspection
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.redact import redact
from itamed.benchmark.suite import suite
from typer.testing import CliRunner

from .conftest import TASKS, copied, real_name

NER, QA = "itamed-mini-ner-pharmaer", "itamed-mini-qa-admission"


def invoke(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def run(folders):
    return find_run(folders["lookup"])


def test_notes_come_worst_first_with_items_that_add_up(run):
    for task in run.tasks:
        views = read_notes(run, task.name)
        assert [view.score for view in views] == sorted(view.score for view in views)
        assert len(views) == task.notes
        assert sum(len(view.rows) for view in views) == task.rows
        found = sum(item.gold is not None for view in views for row in view.rows for item in row.items)
        assert found == task.gold
        right = sum(view.kinds["right"] for view in views)
        assert (right > 0) == (task.score.value > 0)


def test_the_table_counts_each_error_once(run):
    (found,) = tallies(run, {NER: read_notes(run, NER)})
    (tally,) = found.tasks
    assert tally.errors == sum(view.errors for view in read_notes(run, NER)) > 0
    assert sum(tally.share(kind) for kind in found.kinds) == pytest.approx(1)


def test_the_command_shows_tables_notes_and_prompts(folders, run):
    shown = " ".join(invoke("inspect", folders["lookup"]).split())
    assert all(task.name in shown for task in run.tasks)
    worst = read_notes(run, NER)[0]
    assert f"note {worst.note}" in shown
    assert "CRF: errors by kind" in shown and "prompt:" not in shown
    full = invoke("inspect", folders["lookup"], "--task", QA, "--note", read_notes(run, QA)[-1].note)
    assert full.count("note ") == 1
    assert "prompt:" in full and "wrong value" in full
    assert QA in full and NER not in full
    assert "prompt:" in invoke("inspect", folders["lookup"], "--task", NER, "--prompts")


def test_what_is_not_there_is_named(run):
    with pytest.raises(ItamedError, match=r"no task itamed_qa_ssm\. Its tasks are: itamed-mini-ner-pharmaer"):
        show_inspection(run, tasks=["itamed_qa_ssm"])
    with pytest.raises(ItamedError, match="no note nessuna in these tasks"):
        show_inspection(run, note="nessuna")


def test_a_page_is_self_contained_and_holds_prompts_and_notes(folders, run, tmp_path):
    page = tmp_path / "page.html"
    assert page.resolve().as_uri() in invoke("inspect", folders["lookup"], "--html", page)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"""<(link|img|iframe)|\ssrc=|@import|url\(|fetch\(|<a href="http""", text)
    assert text.count("<article") == sum(min(task.notes, 20) for task in run.tasks)
    assert "Prompt as sent" in text and "forbid" not in text
    assert text.index(read_notes(run, NER)[0].note) < text.index(read_notes(run, NER)[-1].note)
    few = tmp_path / "few.html"
    invoke("inspect", folders["lookup"], "--html", few, "--notes", "1", "--task", NER)
    assert few.read_text(encoding="utf-8").count("<article") == 1
    notes = next(task.notes for task in run.tasks if task.name == NER)
    assert f"1 of {notes} notes, the worst first (more with --notes)" in few.read_text(encoding="utf-8")


def test_a_prompt_is_its_task_s_beginning_and_its_own_end(folders, run, tmp_path):
    page = tmp_path / "page.html"
    invoke("inspect", folders["lookup"], "--html", page, "--task", QA)
    text = page.read_text(encoding="utf-8")
    prompt = read_notes(run, QA)[0].rows[0].prompt
    beginning = re.search(r"How all prompts of this task begin.*?<pre[^>]*>\n(.*?)</pre>", text, re.DOTALL)[1]
    ends = re.findall(r"Prompt as sent, after that beginning.*?<pre[^>]*>\n(.*?)</pre>", text, re.DOTALL)
    assert beginning + ends[0] == prompt.replace("'", "&#39;").replace('"', "&#34;")


def hostile(sample):
    answer = {"entities": [{"text": "<script>alert(1)</script>\x1b[31m\ud800", "type": '"><img src=x>'}]}
    return sample | {"resps": [[json.dumps(answer)]]} if "spans" in sample["doc"] else sample


def test_hostile_answers_do_nothing(folders, tmp_path):
    folder = copied(folders["lookup"], tmp_path / "run", change_sample=hostile)
    page = tmp_path / "page.html"
    invoke("inspect", folder, "--html", page)
    invoke("compare", folder, folders["empty"], "--html", tmp_path / "two.html")
    for path in (page, tmp_path / "two.html"):
        text = path.read_text(encoding="utf-8")
        assert text.count("<script>") == 1, "our own"
        assert "&lt;script&gt;alert(1)" in text
        assert "<img" not in text and "\x1b" not in text
    assert "\x1b[31m" not in invoke("inspect", folder, "--task", NER)


def test_the_licence_decides_what_a_page_holds(folders, tmp_path):
    found = {rule: copied(folders[rule], tmp_path / rule, change_name=real_name) for rule in folders}
    runs = {rule: find_run(folder) for rule, folder in found.items()}
    names = {task.name for task in runs["lookup"].tasks}
    shut = {real_name(NER), real_name(QA)}
    assert {name for name in names if closed(name)} == shut
    notes = {name: read_notes(runs["lookup"], name) for name in names}
    differing = {name: [each.second for each in held[:5]] for name, held in contrasts(*runs.values()).items()}
    for command, given, shown in (("inspect", ["lookup"], notes), ("compare", ["empty", "lookup"], differing)):
        pages = {}
        for flags in ((), ("--with-text",)):
            invoke(command, *(found[rule] for rule in given), "--html", tmp_path / "page.html", *flags)
            pages[bool(flags)] = (tmp_path / "page.html").read_text(encoding="utf-8")
        free = {word for name in names - shut for view in notes[name] for word in long_words(view)}
        for name, views in shown.items():
            words = {word for view in views for word in long_words(view, prompts=command == "inspect")}
            assert [word for word in words if word not in pages[True]] == []
            seen = {word for word in words if word in pages[False]}
            assert not seen - free if name in shut else seen == words
        assert any(words - free for words in map(long_words, shown[real_name(NER)])), "the test can fail"
        assert "--with-text" in pages[False] and "keep it to yourself" in pages[True]


def long_words(note, prompts=True):
    texts = [text for row in note.rows for text in (row.row.text, row.response, row.prompt if prompts else "")]
    return {word for text in texts for word in re.findall(r"[a-zà-ù]{9,}", text)}


def test_mini_tasks_are_ours_and_every_other_has_a_source():
    assert not any(map(closed, TASKS.split(",")))
    assert {name for name in suite() if closed(name)} == {
        f"itamed_{name}"
        for name in ("ner_pharmaer", "re_e3c_projected", "crf_dyspnea", "qa_admission", "qa_medmcqa", "qa_medqa")
    }


def test_runs_without_texts_are_refused(folders, run, tmp_path):
    copy = find_run(redact(folders["lookup"], tmp_path / "copy"))
    with pytest.raises(RedactedError, match=r"it is a redacted copy\. Take the run that it was made from"):
        show_inspection(copy)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / run.path.name).write_text(run.path.read_text())
    with pytest.raises(ItamedError, match="--log_samples"):
        show_inspection(find_run(tmp_path / "alone"))


def test_a_chat_is_shown_message_by_message(folders, tmp_path):
    def chat(sample):
        sent = json.dumps([{"role": "user", "content": "Quanto fa?\nDimmi."}, {"role": "assistant", "content": "Due"}])
        return sample | {"arguments": {"gen_args_0": {"arg_0": [sent]}}}

    folder = copied(folders["lookup"], tmp_path / "run", change_sample=chat)
    shown = invoke("inspect", folder, "--task", QA, "--prompts")
    assert "[user]" in shown and "Dimmi." in shown and "content" not in shown
