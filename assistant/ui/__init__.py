"""Events of answering → a web page on this machine. The only package that knows Gradio. Importing this loads nothing."""
