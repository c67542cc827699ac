"""The screens of a store's floor: queue, pick, pack, stock.

Every act is a form that posts and redirects; scripts make it quicker.
"""
