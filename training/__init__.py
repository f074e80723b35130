"""itamed training: checkpoints made from the rows and prompts of the benchmark."""
