"""The task files: 20 tasks, their groups, prompts and metrics, as the harness sees them."""

import json
import time
from collections import Counter

import pytest
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import row_class
from itamed.benchmark.suite import FAMILIES, MINI_PREFIX, suite, task_of, tasks_dir
from lm_eval.tasks import TaskManager

MINI = [task.mini_name for task in suite().values()]


@pytest.fixture(scope="module")
def manager():
    return TaskManager(include_path=str(tasks_dir()), include_defaults=False)


@pytest.fixture(scope="module")
def mini_tasks(manager):
    return manager.load(MINI)["tasks"]


def test_the_suite_has_twenty_tasks_in_five_families():
    tasks = suite().values()
    assert len(tasks) == 20
    assert Counter(task.role for task in tasks) == {"id": 14, "ood": 6}
    assert Counter(task.family for task in tasks) == {"ner": 7, "re": 2, "crf": 2, "qa": 5, "arg": 4}
    assert [task_of(task.mini_name) for task in tasks] == list(tasks)


def test_wildcard_matches_exactly_the_tasks(manager):
    assert sorted(manager.match_tasks(["itamed_*"])) == sorted(suite())


def test_groups(manager):
    everything = {name for name in manager.all_tasks if name.startswith("itamed")}
    groups = {"itamed", "itamed-id", "itamed-ood", "itamed-mini", *(f"itamed-{family}" for family in FAMILIES)}
    assert everything == set(suite()) | set(MINI) | groups


def test_group_members(manager):
    def members(group):
        config = manager.task_index[group]
        text = config.yaml_path.read_text(encoding="utf-8")
        return {line[4:] for line in text.splitlines() if line.startswith("  - ") and "metric" not in line}

    for family in FAMILIES:
        assert members(f"itamed-{family}") == {task.name for task in suite().values() if task.family == family}
    for role in ("id", "ood"):
        assert members(f"itamed-{role}") == {task.name for task in suite().values() if task.role == role}
    assert members("itamed") == {f"itamed-{family}" for family in FAMILIES}
    assert members("itamed-mini") == set(MINI)


@pytest.mark.parametrize("name", MINI)
def test_metrics_of_the_yaml_are_those_of_the_family(mini_tasks, name):
    task = mini_tasks[name]
    doc = task.eval_docs[0]
    passed = json.dumps({"status": "valid", "answer": None})
    returned = task.process_results(doc, [passed])
    assert list(returned) == [metric["metric"] for metric in task.config.metric_list]
    assert set(returned) == set(task.aggregation())
    shown = family_of(row_class(doc)).shown
    assert [key for key in returned if not key.endswith("_stderr")] == [*shown, "valid", "truncated"]


@pytest.mark.parametrize("name", MINI)
def test_prompt_shows_the_document_and_the_answer_format(mini_tasks, name):
    task = mini_tasks[name]
    for doc in task.eval_docs:
        prompt = task.doc_to_text(doc)
        assert prompt.startswith("### Compito\n")
        assert prompt.endswith("### Risposta")
        assert "{" in prompt and "None" not in prompt and "Undefined" not in prompt
        root = next(iter(json.loads(task.doc_to_target(doc))))
        shown = [*doc["labels"], *doc.get("options", []), *(item["name"] for item in doc.get("items", []))]
        assert all(piece in prompt for piece in shown)
        assert f'"{root}"' in prompt or doc.get("items")
        if not doc.get("components"):
            assert doc["text"].strip() in prompt
        for component in doc.get("components", []):
            assert f"{component['id']} ({component['type']}): {component['text']}" in prompt


@pytest.mark.parametrize("name", MINI)
def test_few_shot_examples(mini_tasks, name):
    task = mini_tasks[name]
    shots = task.sampler.sample(4)
    kind = row_class(shots[0])
    family = family_of(kind)
    rows = [kind.from_dict(dict(shot)) for shot in shots]
    assert len({row.doc_id for row in rows}) == 4, "one example a document"
    if not name.startswith(f"{MINI_PREFIX}qa"):
        assert sum(family.is_empty(row) for row in rows) >= 1, "one empty answer at least"
    assert sum(not family.is_empty(row) for row in rows) >= 2
    tested = {doc["doc_id"] for doc in task.eval_docs}
    assert not tested & {row.doc_id for row in rows}


def chat(messages, add_generation_prompt=True):
    """Render like a template without a system role: one that would drop a description."""
    assert {message["role"] for message in messages} <= {"user", "assistant"}
    return (
        "".join(f"<{message['role']}>{message['content']}</{message['role']}>" for message in messages) + "<assistant>"
    )


@pytest.mark.parametrize("name", MINI)
@pytest.mark.parametrize("multiturn", [True, False])
def test_chat_prompts(mini_tasks, name, multiturn):
    task = mini_tasks[name]
    doc = task.eval_docs[0]
    text = task.fewshot_context(doc, 2, apply_chat_template=True, fewshot_as_multiturn=multiturn, chat_template=chat)
    assert text.count("### Compito") == 3
    assert text.count("<user>") == (3 if multiturn else 1)
    assert text.endswith("### Risposta</user><assistant>")
    assert task.doc_to_target(task.sampler.sample(1)[0]) in text


@pytest.mark.parametrize("name", MINI)
def test_base_prompts_put_the_answer_on_its_own_line(mini_tasks, name):
    task = mini_tasks[name]
    first = task.sampler.sample(1)[0]
    text = task.fewshot_context(task.eval_docs[0], 1)
    assert f"### Risposta\n{task.doc_to_target(first)}\n\n### Compito" in text


def test_answers_are_stopped_by_the_next_prompt_only(mini_tasks):
    for task in mini_tasks.values():
        assert task.config.generation_kwargs["until"] == ["\n###"]
        assert not task.config.generation_kwargs["do_sample"]
        for doc in task.eval_docs:
            assert "\n###" not in task.doc_to_target(doc)


def test_other_examples_by_seed():
    first, second = (
        TaskManager(include_path=str(tasks_dir()), include_defaults=False, metadata={"fewshot_seed": seed}).load(
            [MINI[0]]
        )
        for seed in (0, 1)
    )
    shots = [tuple(shot["id"] for shot in loaded["tasks"][MINI[0]].sampler.sample(4)) for loaded in (first, second)]
    assert shots[0] != shots[1]


def test_the_harness_starts_no_slower_than_a_second_for_our_files():
    begin = time.process_time()
    TaskManager(include_path=str(tasks_dir()), include_defaults=False)
    assert time.process_time() - begin < 1.0
