"""Whole experiments: models x methods x seeds, trained and evaluated by one command that resumes."""
