"""Conversations: what was asked and answered, kept on disk, searched, judged and exported.

Importing this loads nothing.
"""
