"""The dashboard owns no tables yet; it reads everybody else's and writes through their services."""
