"""Token classifiers for the span tasks: the encoder that reports and leaderboard are compared with."""
