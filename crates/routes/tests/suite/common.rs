//! What the suites of this crate share.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use routes::deployment::Deployment;
use routes::variables::Variables;
use routes::{GateSecret, Mode, Origin, Site};

/// A site with all services.
pub(crate) fn whole(mode: Mode) -> Site {
    site(mode, &["forge", "ci", "chat", "staging"]).with_gate_secret(GateSecret::new("0123456789abcdef"))
}

/// A site with these services, at the ports of their images.
pub(crate) fn site(mode: Mode, services: &[&str]) -> Site {
    let ports = [("forge", 3000), ("ci", 8000), ("chat", 8080), ("staging", 80), ("echo", 8090)];
    let upstreams: BTreeMap<String, String> = ports
        .iter()
        .filter(|(name, _)| services.contains(name))
        .map(|(name, port)| ((*name).to_owned(), format!("{name}:{port}")))
        .collect();
    Site::standard(Origin::parse("http://edge.test:8080").unwrap(), mode, &upstreams).unwrap()
}

/// Variables, with a secret.
pub(crate) fn variables(given: &[(&str, &str)]) -> Variables {
    let secret = [("FORWARD_AUTH_SECRET", "0123456789abcdef")];
    secret.iter().chain(given).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What variables ask for.
pub(crate) fn deployment(given: &[(&str, &str)]) -> Deployment {
    routes::deployment::read(&variables(given)).unwrap()
}

/// A public site in this mode.
pub(crate) fn public(mode: &str) -> Deployment {
    deployment(&[("EDGE_ROUTING_MODE", mode), ("EDGE_TUNNEL_FQDN", "project.example.com")])
}

/// A real Caddy: the one that `EDGE_SMOKE_CADDY` names, or else the one on the path.
///
/// `None` says so on standard error, unless `EDGE_SMOKE_REQUIRE` names `caddy`: then it fails.
pub(crate) fn caddy() -> Option<PathBuf> {
    let named = std::env::var_os("EDGE_SMOKE_CADDY").map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("caddy")).find(|file| file.is_file())
    });
    if found.is_none() {
        let required =
            std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == "caddy"));
        assert!(
            !required,
            "EDGE_SMOKE_REQUIRE names caddy, but there is none: put it on the PATH, or set EDGE_SMOKE_CADDY"
        );
        // Past the capturing of the test harness: a skipped suite must be seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no caddy on the PATH, and EDGE_SMOKE_CADDY is not set");
    }
    found
}
