"""itamed benchmark: sources become rows, rows become prompts, answers become scores."""
