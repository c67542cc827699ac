"""`make run`: the whole platform on one machine, under one small supervisor.

Order matters and is why this is not a Procfile: servers first, then the database's shape, then worker and web; on the
way out web and beat, then the worker (it finishes its task), then the broker and the database.
"""
