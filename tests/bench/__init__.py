"""`make bench`: what a question costs, in seconds, tokens and memory, beside anything else that answers questions."""
