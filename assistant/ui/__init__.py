"""Events of answering → a page on this machine. The only package that knows Gradio. Importing this loads nothing."""
