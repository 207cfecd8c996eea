"""What tests of all areas share: the words they are written in."""
