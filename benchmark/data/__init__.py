"""From sources to a data folder: build, load, check and push."""
