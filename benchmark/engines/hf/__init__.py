"""`itamed-hf`: our decode loop over a transformers model, from attention to the harness's interface."""
