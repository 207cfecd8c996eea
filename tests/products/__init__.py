"""Tests of the area of products."""
