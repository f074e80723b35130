"""Text to pre-train on: read, cleaned, kept apart from what is tested, and ready on disk for all who train on it."""
