"""Measures answers against gold: pure metrics, dataset folders, a resumable run, a report."""
