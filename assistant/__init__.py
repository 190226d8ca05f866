"""From a question and passages to a cited, checked answer. Importing this loads nothing."""
