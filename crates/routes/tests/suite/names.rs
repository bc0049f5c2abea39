//! Names and certificates.

use crate::common::{deployment, public};
use routes::names::{covers, needed, uncovered};

#[test]
fn what_each_mode_needs() {
    assert_eq!(needed(&public("subpath").site), ["project.example.com"]);
    assert_eq!(needed(&public("subdomain").site), ["project.example.com", "*.project.example.com"]);
    let elsewhere = deployment(&[
        ("EDGE_ROUTING_MODE", "subdomain"),
        ("EDGE_TUNNEL_FQDN", "project.example.com"),
        ("EDGE_TUNNEL_FQDN_FORGE", "git.example.com"),
        ("EDGE_TUNNEL_FQDN_CHAT", "a.b.project.example.com"),
    ]);
    let names = ["project.example.com", "git.example.com", "*.project.example.com", "a.b.project.example.com"];
    assert_eq!(needed(&elsewhere.site), names);
    assert_eq!(needed(&deployment(&[("EDGE_TUNNEL_FQDN", "192.0.2.1")]).site), [""; 0]);
}

/// The trap of the fallback: the certificate under which the subpaths worked covers none of the new names.
#[test]
fn a_wildcard_of_the_domain_does_not_cover_two_levels() {
    let wildcard = ["*.example.com".to_owned()];
    assert_eq!(uncovered(&public("subpath").site, &wildcard), [""; 0]);
    let missing = ["forge.project.example.com", "ci.project.example.com", "chat.project.example.com"];
    assert_eq!(uncovered(&public("subdomain").site, &wildcard), missing);
    assert_eq!(uncovered(&public("subdomain").site, &needed(&public("subdomain").site)), [""; 0]);
}

#[test]
fn wildcards_stand_for_one_label() {
    for (name, host, fits) in [
        ("example.com", "example.com", true),
        ("Example.com", "example.COM", true),
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "a.b.example.com", false),
        ("*.example.com", ".example.com", false),
        ("a.*.com", "a.b.com", false),
    ] {
        assert_eq!(covers(name, host), fits, "{name} {host}");
    }
}
