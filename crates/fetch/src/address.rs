//! Which IP addresses are special-use: the IANA special-purpose registries as one pure function.
//!
//! It refuses whole registry blocks, also the few corners of them that are globally reachable (anycast
//! relays and the like): nothing that we fetch lives there.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not a place on the public internet.
///
/// Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), plus the one
/// cloud metadata service that sits on an ordinary address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialUse {
    /// `0.0.0.0/8` and `::`: "this host".
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// RFC 1918: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`; and IPv6's former site-local `fec0::/10`.
    Private,
    /// RFC 6598: `100.64.0.0/10`, the inside of a carrier's NAT.
    CarrierNat,
    /// `169.254.0.0/16` and `fe80::/10`; the metadata services of most clouds are here.
    LinkLocal,
    /// RFC 4193: `fc00::/7`.
    UniqueLocal,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// Documentation ranges of both families.
    Documentation,
    /// RFC 2544 and RFC 5180: `198.18.0.0/15` and `2001:2::/48`.
    Benchmarking,
    /// Protocol assignments, discard-only, relays and everything that is not allocated for unicast.
    Reserved,
    /// A cloud provider's metadata service outside the ranges above.
    Metadata,
}

impl SpecialUse {
    /// Returns what is special about `address`, or nothing if it is an ordinary public address.
    ///
    /// Forms that carry an IPv4 address (IPv4-mapped, NAT64, 6to4) are judged by the address they carry,
    /// because that is where the packets end.
    #[must_use]
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Option<Self> {
        let kind = match address.octets() {
            [0, ..] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [100, 64..=127, ..] => Self::CarrierNat,
            [169, 254, ..] => Self::LinkLocal,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Documentation,
            [198, 18..=19, ..] => Self::Benchmarking,
            // The platform channel of Azure virtual machines: an ordinary address that never leaves the host.
            [168, 63, 129, 16] => Self::Metadata,
            // Protocol assignments; AS112; AMT; the withdrawn 6to4 relay anycast.
            [192, 0, 0, _] | [192, 31, 196, _] | [192, 175, 48, _] | [192, 52, 193, _] | [192, 88, 99, _] => {
                Self::Reserved
            }
            [224..=239, ..] => Self::Multicast,
            [255, 255, 255, 255] => Self::Broadcast,
            [240..=255, ..] => Self::Reserved,
            _ => return None,
        };
        Some(kind)
    }

    fn of_v6(address: Ipv6Addr) -> Option<Self> {
        let kind = match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Unspecified,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // IPv4-mapped (RFC 4291) and the well-known NAT64 prefix (RFC 6052) end in the IPv4 address;
            // 6to4 (RFC 3056) has it behind the prefix.
            [0, 0, 0, 0, 0, 0xffff, high, low] | [0x0064, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                return Self::of_v4(v4(high, low));
            }
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfec0..=0xfeff, ..] => Self::Private,
            [0xfc00..=0xfdff, ..] => Self::UniqueLocal,
            [0xff00..=0xffff, ..] => Self::Multicast,
            [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Documentation,
            [0x2001, 0x0002, 0, ..] => Self::Benchmarking,
            // Protocol assignments, Teredo and ORCHID among them.
            [0x2001, 0..=0x01ff, ..] => Self::Reserved,
            // AS112 (RFC 7535).
            [0x2620, 0x004f, 0x8000, ..] => Self::Reserved,
            [0x2000..=0x3fff, ..] => return None,
            // Global unicast is 2000::/3 and nothing else: local-use NAT64, discard-only, IPv4-compatible,
            // segment routing and all that is not allocated end here.
            _ => Self::Reserved,
        };
        Some(kind)
    }
}

impl fmt::Display for SpecialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::CarrierNat => "carrier NAT",
            Self::LinkLocal => "link-local",
            Self::UniqueLocal => "unique-local",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Reserved => "reserved",
            Self::Metadata => "cloud metadata",
        })
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::SpecialUse::{self, *};

    fn check(table: &[(&str, Option<SpecialUse>)]) {
        for (address, expected) in table {
            assert_eq!(SpecialUse::of(address.parse().unwrap()), *expected, "{address}");
        }
    }

    #[test]
    fn special_ipv4_blocks_are_known_and_their_neighbours_are_public() {
        check(&[
            ("0.0.0.0", Some(Unspecified)),
            ("0.255.255.255", Some(Unspecified)),
            ("1.0.0.1", None),
            ("9.255.255.255", None),
            ("10.0.0.1", Some(Private)),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.1", Some(CarrierNat)),
            ("100.100.100.200", Some(CarrierNat)),
            ("100.127.255.255", Some(CarrierNat)),
            ("100.128.0.0", None),
            ("127.0.0.1", Some(Loopback)),
            ("127.255.255.254", Some(Loopback)),
            ("168.63.129.16", Some(Metadata)),
            ("168.63.129.17", None),
            ("169.253.255.255", None),
            ("169.254.169.254", Some(LinkLocal)),
            ("172.15.255.255", None),
            ("172.16.0.1", Some(Private)),
            ("172.31.255.255", Some(Private)),
            ("172.32.0.0", None),
            ("192.0.0.192", Some(Reserved)),
            ("192.0.1.0", None),
            ("192.0.2.1", Some(Documentation)),
            ("192.31.196.1", Some(Reserved)),
            ("192.52.193.1", Some(Reserved)),
            ("192.88.99.1", Some(Reserved)),
            ("192.168.1.1", Some(Private)),
            ("192.175.48.1", Some(Reserved)),
            ("198.17.255.255", None),
            ("198.18.0.1", Some(Benchmarking)),
            ("198.19.255.255", Some(Benchmarking)),
            ("198.20.0.0", None),
            ("198.51.100.7", Some(Documentation)),
            ("203.0.113.7", Some(Documentation)),
            ("223.255.255.255", None),
            ("224.0.0.1", Some(Multicast)),
            ("239.255.255.255", Some(Multicast)),
            ("240.0.0.1", Some(Reserved)),
            ("255.255.255.255", Some(Broadcast)),
            ("8.8.8.8", None),
        ]);
    }

    #[test]
    fn special_ipv6_blocks_and_carried_ipv4_addresses_are_known() {
        check(&[
            ("::", Some(Unspecified)),
            ("::1", Some(Loopback)),
            ("::7f00:1", Some(Reserved)),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:169.254.169.254", Some(LinkLocal)),
            ("::ffff:8.8.8.8", None),
            ("::ffff:0:127.0.0.1", Some(Reserved)),
            ("64:ff9b::10.0.0.1", Some(Private)),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b:1::8.8.8.8", Some(Reserved)),
            ("100::1", Some(Reserved)),
            ("2001::1", Some(Reserved)),
            ("2001:2::1", Some(Benchmarking)),
            ("2001:10::1", Some(Reserved)),
            ("2001:200::1", None),
            ("2001:db8::1", Some(Documentation)),
            ("2001:4860:4860::8888", None),
            ("2002:7f00:1::", Some(Loopback)),
            ("2002:c0a8:101::1", Some(Private)),
            ("2002:808:808::1", None),
            ("2606:4700::1111", None),
            ("2620:4f:8000::1", Some(Reserved)),
            ("3fff::1", Some(Documentation)),
            ("3fff:1000::1", None),
            ("4000::1", Some(Reserved)),
            ("5f00::1", Some(Reserved)),
            ("fc00::1", Some(UniqueLocal)),
            ("fd00:ec2::254", Some(UniqueLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("fec0::1", Some(Private)),
            ("ff02::1", Some(Multicast)),
        ]);
    }
}
