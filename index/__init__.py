"""From sources to a searchable index. Knows no language model, chat or screen. Importing this loads nothing."""
