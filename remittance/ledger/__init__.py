"""The books: accounts, journals, postings, months that close, and what leaves them as files; double entry throughout."""
