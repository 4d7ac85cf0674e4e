"""A post's text: how long X counts it, its links, and whether a text seen at X is the one that was sent.

parse           the weighted length; urls, cashtags, emoji: what counts differently; tlds, punycode: what is a host
matching        whether a post is the one that was sent; canonical, nearness: when texts are equal or nearly so
normalization   Unicode's normal forms in linear time
"""
