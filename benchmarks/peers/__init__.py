"""What a competent user would write today without nas: P0 as the tutorials show it, P1 the same tuned."""
