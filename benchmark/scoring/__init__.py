"""Pure scoring functions: alignment, matching, official metrics, intervals."""
