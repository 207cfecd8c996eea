"""What is true in this business: facts, the aggregates that decide them, and the rules by name.

It must not know how facts are stored, sent, projected or asked for.
"""
