"""What the facts add up to: views that may be deleted at any time, and the questions that are asked of them."""
