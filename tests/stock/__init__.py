"""Tests of the area of stock."""
