"""Stand-ins for payment companies: ours, in memory, with pretend money. They speak the companies' own protocols over
HTTP, so that adapters are rehearsed with their real SDKs where no account and no network are needed.
"""
