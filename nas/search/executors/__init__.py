"""Where trials run: in this process, or placed by Ray Tune. Each takes jobs from a queue until it is done."""
