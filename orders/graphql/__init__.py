"""One read door for programs that want to choose what comes back: /graphql. The same reads, words and refusals as REST.

There are no mutations: what changes something goes through REST, with its Idempotency-Key.
"""
