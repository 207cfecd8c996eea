"""Tests of what people ask of the business: decoding, the intake and the writer."""
