"""Questions about the house itself, part by part; `dashboard.ask.operations` is the door."""
