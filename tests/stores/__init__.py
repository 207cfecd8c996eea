"""Tests of the area of stores."""
