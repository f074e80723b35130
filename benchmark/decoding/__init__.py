"""What a model answered: read it, repair it, mark what was wrong with it."""
