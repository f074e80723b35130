"""`itamed-encoder`: a token classifier that answers the suite's span tasks."""
