"""The receivers of webhooks: one delivery to one of them, and only to an address that is allowed.

client      one POST; signing: its signature
targets     the URL, parsed; addresses, special_purpose: which addresses are allowed
"""
