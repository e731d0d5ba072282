"""What people read of a study: tables, answers, a live view."""
