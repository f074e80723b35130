"""Tests of the text that is pre-trained on."""
