"""Tests of the area of sales."""
