"""Measurements of speed and quality, each against a named peer in one run. Absolute times drift, ratios hold."""
