"""Random grammars: nested literals, alternatives, bounded repetition, copies of a text, classes of characters."""

import json

TEXT = "Il paziente riferisce febbre alta da tre giorni, con tosse secca e dolore al torace: nega allergie."
LITERALS = ['{"entities":[', '"},{"', '","type":"', "null", "sì", "è", "\n", '"', ",", "a", "febbre alta", "]}", "\\"]
CLASSES = ["[a-z]", "[0-9]", "[^\n]", "[ àèéìòù]", '[^"\\\\]', "\\w", "(?s:.)"]


def random_grammar(rng):
    """Return the Lark text of a random grammar, all of whose answers are finite.

    Args:
        rng: a `random.Random`.
    """
    terminals = []
    start = _expression(rng, rng.randint(1, 4), terminals)
    return "\n".join(["%llguidance {}", f"start: {start}", *terminals, ""])


def _expression(rng, depth, terminals):
    kinds = [_literal, _characters, _copy] if depth == 0 else [_sequence, _alternatives, _repetition, _literal, _copy]
    return rng.choice(kinds)(rng, depth - 1, terminals)


def _literal(rng, depth, terminals):
    return json.dumps("".join(rng.choices(LITERALS, k=rng.randint(1, 2))))


def _characters(rng, depth, terminals):
    low = rng.randint(0, 3)
    return f"/{rng.choice(CLASSES)}{{{low},{low + rng.randint(1, 6)}}}/"


def _copy(rng, depth, terminals):
    name, words = f"COPY{len(terminals)}", rng.sample(TEXT.split(), rng.randint(1, 12))
    kind = rng.choice(["substring_words", "substring_chars", "substring_chunks"])
    given = words if kind == "substring_chunks" else " ".join(words)
    terminals.append(f"{name}: %regex {json.dumps({kind: given}, ensure_ascii=False)}")
    return name


def _sequence(rng, depth, terminals):
    parts = [_expression(rng, depth, terminals) for _ in range(rng.randint(2, 3))]
    return f"({' '.join(parts)})"


def _alternatives(rng, depth, terminals):
    parts = [_expression(rng, depth, terminals) for _ in range(rng.randint(2, 4))]
    return f"({' | '.join(parts)})"


def _repetition(rng, depth, terminals):
    low = rng.randint(0, 2)
    return f"({_expression(rng, depth, terminals)}){{{low},{low + rng.randint(1, 3)}}}"
