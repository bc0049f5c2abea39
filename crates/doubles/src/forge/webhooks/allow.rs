//! Whom webhooks may be sent to (`webhook.ALLOWED_HOST_LIST`).

use std::net::{IpAddr, SocketAddr};

/// What a host must be to be sent webhooks. It is asked again for each address that a name has, so a name can't hide where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowList(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// A public unicast address.
    External,
    /// RFC 1918 and RFC 4193.
    Private,
    Loopback,
    /// A network: its address, and how many of its bits count.
    Network(IpAddr, u8),
    /// A name, in lower case; `*` stands for any text, `?` for any one character.
    Pattern(String),
}

impl AllowList {
    /// What both programs begin with.
    pub(crate) fn external() -> Self {
        Self(vec![Entry::External])
    }

    /// Entries with commas between them. A list without entries allows everything.
    pub(crate) fn parse(text: &str) -> Self {
        let entries = text.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty());
        Self(
            entries
                .map(|entry| match entry.as_str() {
                    "external" => Entry::External,
                    "private" => Entry::Private,
                    "loopback" => Entry::Loopback,
                    other => network(other).unwrap_or(Entry::Pattern(entry)),
                })
                .collect(),
        )
    }

    /// Whether a webhook may go to this host at this address. The refusal is what the delivery's record says.
    pub(crate) fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        let host = host.to_lowercase();
        if self.0.is_empty() || self.0.iter().any(|entry| entry.allows(&host, address.ip())) {
            return Ok(());
        }
        Err(format!(
            "webhook can only call allowed HTTP servers (check your webhook.ALLOWED_HOST_LIST setting), deny '{host}({address})'"
        ))
    }
}

impl Entry {
    fn allows(&self, host: &str, ip: IpAddr) -> bool {
        match self {
            Entry::External => {
                let special = match ip {
                    IpAddr::V4(ip) => {
                        ip.is_unspecified() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast()
                    }
                    IpAddr::V6(ip) => ip.is_unspecified() || ip.is_loopback() || ip.is_unicast_link_local(),
                };
                !special && !ip.is_multicast() && !is_private(ip)
            }
            Entry::Private => is_private(ip),
            Entry::Loopback => ip.is_loopback(),
            Entry::Network(network, bits) => is_within(ip, *network, *bits),
            Entry::Pattern(pattern) => matches(pattern.as_bytes(), host.as_bytes()),
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

fn network(text: &str) -> Option<Entry> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Entry::Network(address, bits))
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(32 - u32::from(bits)).unwrap_or_default() == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            (ip.to_bits() ^ network.to_bits()).checked_shr(128 - u32::from(bits)).unwrap_or_default() == 0
        }
        _ => false,
    }
}

/// `*` and `?` as in file names. Time is bounded by the product of the lengths: of all stars only the last is tried again.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((place, start)) => {
                    star = Some((place, start + 1));
                    (at, from) = (place + 1, start + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_called() {
        for (list, host, address, allowed) in [
            ("external", "edge.test", "127.0.0.1:80", false),
            ("external", "edge.test", "172.18.0.2:80", false),
            ("external", "edge.test", "169.254.1.1:80", false),
            ("external", "edge.test", "[::1]:80", false),
            ("external", "edge.test", "[fd00::1]:80", false),
            ("external", "example.org", "93.184.216.34:80", true),
            ("private", "edge.test", "172.18.0.2:80", true),
            ("private", "edge.test", "127.0.0.1:80", false),
            ("Loopback", "edge.test", "127.0.0.2:80", true),
            ("external, edge.test", "EDGE.test", "127.0.0.1:80", true),
            ("*.test", "ci.edge.test", "127.0.0.1:80", true),
            ("*.test", "edge.test.evil", "127.0.0.1:80", false),
            ("*", "any", "127.0.0.1:80", true),
            ("", "any", "127.0.0.1:80", true),
            ("172.16.0.0/12", "edge.test", "172.18.0.2:80", true),
            ("172.16.0.0/12", "edge.test", "172.32.0.2:80", false),
            ("0.0.0.0/0", "edge.test", "8.8.8.8:80", true),
            ("fd00::/8", "edge.test", "[fd12::1]:80", true),
            ("10.0.0.0/33", "edge.test", "10.0.0.1:80", false),
        ] {
            let checked = AllowList::parse(list).check(host, address.parse().unwrap());
            assert_eq!(checked.is_ok(), allowed, "{list} {host} {address}");
            if let Err(words) = checked {
                assert!(words.contains("webhook.ALLOWED_HOST_LIST") && words.contains(address), "{words}");
            }
        }
    }

    #[test]
    fn stars() {
        for (pattern, text, matched) in
            [("a*b*c", "aXbYc", true), ("a*b*c", "acb", false), ("?", "", false), ("**", "", true), ("", "a", false)]
        {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), matched, "{pattern} {text}");
        }
    }
}
