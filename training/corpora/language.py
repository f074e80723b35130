"""Which texts are of another language than Italian, by the words that every text is full of."""

from __future__ import annotations

from collections.abc import Sequence

from itamed.benchmark.text import words

_ITALIAN = frozenset(
    words(
        "a ad ai al alla alle anche che come con così da dai dal dalla dei del della delle dello di dopo e è ed era "
        "gli ha hanno i il in la le lo ma ne nei nel nella non o per più presso quale quando questo se senza si sia "
        "sono su sul sulla tra un una uno viene"
    )
)
_OTHERS = {
    "English": "a and are been by for from had has have he in is of that the this to was were which with",
    "Spanish": "a al con de del el en está fue ha la las le los muy más o para pero por que se si su un una y",
    "French": "a à au aux avec ce cette dans de du elle en est la le les mais ne ou par plus pour que qui se si son "
    "sont sur un une été",
    "Portuguese": "a com como da de do dos e em foi há mais nas não o ou para pela pelo por que se sem seu sua um uma",
    "German": "aber auf aus bei dem den der eine einem einen einer für in ist mit nach nicht sich und von war werden "
    "wie wird wurde zu zum zur",
    "Romanian": "a al ale au care cu de din după este fost în la nu o pentru prin sau se şi și un unei unui",
}
"""Left out are words that notes in Italian hold, too: "no", "per os", "cp/die", "im", "PAS", "DES", "Na", "NOS"."""
_APART = {name: (frozenset(words(text)) - _ITALIAN, frozenset(words(text))) for name, text in _OTHERS.items()}
_LEAST = 3
_MORE = 2


def is_foreign(found: Sequence[str]) -> bool:
    """Tell whether some words are clearly of another language; what is of none, such as a table, is not.

    Another language must have at least three words that Italian has not, and more than twice as many as Italian has
    that the other has not.

    Args:
        found: the words of a text, in lower case.
    """
    for own, every in _APART.values():
        theirs = sum(word in own for word in found)
        if theirs >= _LEAST and theirs > _MORE * sum(word in _ITALIAN and word not in every for word in found):
            return True
    return False
