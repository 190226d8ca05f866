"""Articles that try to give orders, and what became of it."""
