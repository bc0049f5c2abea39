//! The names that a site needs in DNS and in its certificate.
//!
//! A wildcard stands for one label (RFC 9525, section 6.3): `*.example.com` covers `project.example.com` and leaves
//! `forge.project.example.com` out. A site that was well served under subpaths needs more names in the mode `subdomain`.

use std::net::Ipv4Addr;

use crate::model::Site;

/// The names that a certificate must have so that it covers the whole site, and those that DNS must resolve: the project's own host, one
/// wildcard for the hosts right below it, and whatever hosts lie elsewhere. None for an address.
pub fn needed(site: &Site) -> Vec<String> {
    let own = &site.origin.host;
    if own.parse::<Ipv4Addr>().is_ok() {
        return Vec::new();
    }
    let wildcard = format!("*.{own}");
    let mut names = vec![own.clone()];
    for host in site.hosts() {
        if names.iter().any(|name| covers(name, host)) {
            continue;
        }
        names.push(if covers(&wildcard, host) { wildcard.clone() } else { host.to_owned() });
    }
    names
}

/// The site's hosts that none of these names of a certificate covers.
pub fn uncovered<'a>(site: &'a Site, names: &[String]) -> Vec<&'a str> {
    site.hosts().into_iter().filter(|host| !names.iter().any(|name| covers(name, host))).collect()
}

/// Whether a name of a certificate stands for this host.
pub fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        None => name.eq_ignore_ascii_case(host),
        Some(rest) => {
            host.split_once('.').is_some_and(|(label, parent)| !label.is_empty() && parent.eq_ignore_ascii_case(rest))
        }
    }
}
