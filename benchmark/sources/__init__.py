"""Readers: one module a source, from the publisher's files to rows."""
