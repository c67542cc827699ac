"""A city at work: customers, pickers and riders as programs that use nothing but the public API and websockets.

No model, service or setting of the platform is imported here: what these people can do, any app can do.
"""
