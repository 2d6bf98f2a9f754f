"""Which addresses may be asked: those of the public internet, and no others."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
# The special-purpose registries of IANA (RFC 6890), and what `ipaddress` lets pass: `is_global` is true for multicast,
# for site-local and NAT64 addresses and for 6to4 around a private one, and its answers differ from Python to Python.
_INNER = tuple(
    (IPv6Network(network) if ":" in network else IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared behind a carrier's NAT"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "the inner address of a cloud"),  # Azure's WireServer, though it looks public
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::ffff:0:0/96", "an IPv4 address in disguise"),
        ("::ffff:0:0:0/96", "an IPv4 address in disguise"),
        ("::/96", "an IPv4 address in disguise"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"),
        ("64:ff9b:1::/48", "an IPv4 address behind NAT64"),
        ("2001::/32", "an IPv4 address behind Teredo"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"),
        ("2002::/16", "an IPv4 address behind 6to4"),
        ("3fff::/20", "an address for documentation"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)


def describe_inner_address(address: str, *, allow_loopback: bool = False) -> str | None:
    """Return what keeps ``address`` from being one of the public internet, None where it may be connected to.

    >>> describe_inner_address("169.254.169.254")
    'a link-local address'
    """
    try:
        # A zone (RFC 4007, section 11) names an interface of this machine: it makes no address a public one.
        ip = ip_address(address)
    except ValueError:
        return "no address"
    if allow_loopback and ip.is_loopback and getattr(ip, "ipv4_mapped", None) is None:
        return None
    for network, what in _INNER:
        if ip.version == network.version and ip in network:
            return what
    public = ip.is_global and (ip.version == 4 or ip in _GLOBAL_UNICAST)  # noqa: PLR2004 - IPv4
    return None if public else "a reserved address"
