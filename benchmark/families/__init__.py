"""The five task families: gold answer, parsing, alignment and scores of each."""
