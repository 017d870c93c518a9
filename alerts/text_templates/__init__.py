"""Texts prepared in quiet times: templates with versions and translations, checked when written, taken into drafts."""
