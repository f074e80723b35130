"""Models of the harness whose answers follow a grammar, one a document."""
