"""Formats of dates, by language (settings: FORMAT_MODULE_PATH)."""
