"""An embedded set in our own words: every task and schema, for the demo and the tests."""
