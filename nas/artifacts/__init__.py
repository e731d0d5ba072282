"""What finished studies leave for use: networks that are kept, and several of them together."""
