"""What a manifest says of itself, held against its answers and the calendar."""

import pytest
from itamed.leaderboard.bundle import MANIFEST

from .tamper import changed, errors, only


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("notice", "Seen and approved by the maintainers."),
        ("created", "2999-01-01T00:00:00Z"),
    ],
)
def test_what_cannot_be_is_refused(files, tmp_path, key, value):
    found = only(errors(changed(files, MANIFEST, lambda manifest: manifest.update({key: value})), tmp_path))
    assert (found.file, found.field) == (MANIFEST, key)
    assert value in found.found


def test_tokens_are_those_of_the_answers(files, tmp_path):
    found = only(errors(changed(files, MANIFEST, lambda manifest: manifest["cost"].update(tokens_out=1)), tmp_path))
    assert (found.field, found.found) == ("cost.tokens_out", "1")
