"""Grammars of answers, one a document; and what a model answered: read, repaired, with a verdict on its form."""
