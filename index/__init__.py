"""From sources to a searchable index. Knows nothing of language models, chats or screens. Importing this loads nothing."""
