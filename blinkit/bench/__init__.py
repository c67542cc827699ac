"""`make bench`: what the main operations cost, measured on the production layout.

Everything runs on this machine in a data directory of its own: PostgreSQL and Valkey as embedded, and the web, live
and worker commands as docker-compose.yml has them (without nginx and beat). The load generator is not counted.
"""
