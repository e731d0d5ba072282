"""Training of one network: the loop, what it is made of, and what it leaves on disk."""
