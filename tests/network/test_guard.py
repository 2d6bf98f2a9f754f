"""Which addresses are those of the public internet."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aslms_feeds.network.guard import describe_inner_address


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1", "2a00:1450:4001::1"],
)
def test_public_addresses_are_outside(address):
    """An ordinary address of the internet may be connected to."""
    assert describe_inner_address(address) is None


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("0.0.0.0", "an unspecified address"),  # noqa: S104
        ("0.1.2.3", "an unspecified address"),
        ("10.0.0.1", "a private address"),
        ("172.31.255.255", "a private address"),
        ("192.168.1.1", "a private address"),
        ("100.64.0.1", "an address shared behind a carrier's NAT"),
        ("100.100.100.200", "an address shared behind a carrier's NAT"),
        ("127.0.0.1", "a loopback address"),
        ("127.255.255.254", "a loopback address"),
        ("168.63.129.16", "the inner address of a cloud"),
        ("169.254.169.254", "a link-local address"),
        ("192.0.0.192", "a reserved address"),
        ("192.0.2.1", "an address for documentation"),
        ("198.51.100.1", "an address for documentation"),
        ("203.0.113.1", "an address for documentation"),
        ("192.88.99.1", "a 6to4 relay"),
        ("198.19.0.1", "an address for benchmarks"),
        ("224.0.0.1", "a multicast address"),
        ("239.255.255.250", "a multicast address"),
        ("240.0.0.1", "a reserved address"),
        ("255.255.255.255", "a reserved address"),
        ("::", "an unspecified address"),
        ("::1", "a loopback address"),
        ("::8.8.8.8", "an IPv4 address in disguise"),
        ("::ffff:127.0.0.1", "an IPv4 address in disguise"),
        ("::ffff:8.8.8.8", "an IPv4 address in disguise"),
        ("::ffff:0:8.8.8.8", "an IPv4 address in disguise"),
        ("64:ff9b::10.0.0.1", "an IPv4 address behind NAT64"),
        ("64:ff9b::8.8.8.8", "an IPv4 address behind NAT64"),
        ("64:ff9b:1::1", "an IPv4 address behind NAT64"),
        ("100::1", "a reserved address"),
        ("2001::1", "an IPv4 address behind Teredo"),
        ("2001:10::1", "a reserved address"),
        ("2001:db8::1", "an address for documentation"),
        ("2002:a00:1::", "an IPv4 address behind 6to4"),
        ("3fff::1", "an address for documentation"),
        ("5f00::1", "a reserved address"),
        ("4000::1", "a reserved address"),
        ("fc00::1", "a private address"),
        ("fd00:ec2::254", "a private address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
        ("fec0::1", "a site-local address"),
        ("ff02::1", "a multicast address"),
        ("", "no address"),
        ("example.org", "no address"),
        ("127.1", "no address"),
        ("010.0.0.1", "no address"),
    ],
)
def test_inner_addresses_are_named(address, what):
    """Every kind of address that is not of the public internet is refused, with its name."""
    assert describe_inner_address(address) == what


def test_loopback_opens_nothing_else():
    """Where loopback is allowed, only loopback is."""
    opened = {
        address
        for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.0.1", "0.0.0.0", "::")  # noqa: S104
        if describe_inner_address(address, allow_loopback=True) is None
    }
    assert opened == {"127.0.0.1", "127.9.9.9", "::1"}


@pytest.mark.slow
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_outside_is_global_for_python_too(address):
    """Nothing passes that the standard library calls private, reserved, multicast or local."""
    if describe_inner_address(str(address)) is None:
        assert address.is_global
        kinds = ("multicast", "private", "reserved", "unspecified", "loopback", "link_local", "site_local")
        assert not [kind for kind in kinds if getattr(address, f"is_{kind}", False)]
        assert not [kind for kind in ("ipv4_mapped", "sixtofour", "teredo") if getattr(address, kind, None)]


@given(st.ip_addresses(v=4), st.booleans())
def test_no_spelling_of_ipv4_in_ipv6_is_outside(address, allow):
    """An IPv4 address wrapped in an IPv6 one is refused whatever it is, and whatever is allowed."""
    number = int(IPv4Address(address))
    wrapped = [
        *(int(ip_address(prefix)) + number for prefix in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::")),
        (0x2002 << 112) + (number << 80),
        (0x20010000 << 96) + (number << 64) + (number ^ 0xFFFFFFFF),
    ]
    assert all(describe_inner_address(str(IPv6Address(value)), allow_loopback=allow) for value in wrapped)
