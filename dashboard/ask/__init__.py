"""Ask: a plain question becomes a query object, shown as chips; the query object becomes SQL over the views of the
semantic layer (`layer.toml`). Nobody's text becomes SQL. Plain Python: no Django, no database."""
