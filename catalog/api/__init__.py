"""Doors of catalog for programs."""
