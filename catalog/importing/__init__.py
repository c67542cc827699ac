"""Products and prices from other people's files: dirty, large, and read again next week."""

from catalog.importing.formats import FORMATS
from catalog.importing.load import Imported, import_file
from catalog.importing.rows import Note, NotThisFormat

__all__ = ["FORMATS", "Imported", "NotThisFormat", "Note", "import_file"]
