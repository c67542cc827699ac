"""The storefront: what a customer sees in a browser. Parses, calls one service or query, renders."""
