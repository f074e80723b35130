"""itamed leaderboard: public submissions, re-scored and shown."""
