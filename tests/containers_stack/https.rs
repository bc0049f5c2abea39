//! The stack over https.

use bollard::Docker;
use edge_smoke::stack::{Stack, StackOptions};
use scenario::model::Service;

use crate::helpers::{get, inside, needs, options, own, unused_volumes, up};

pub(crate) async fn caddy_takes_its_certificate_and_the_forge_trusts_it(docker: Docker) {
    let options = StackOptions { tls: true, ..options() };
    let unused_before = unused_volumes(&docker).await;
    let stack = up(&needs(&[Service::Forge]), &options).await.unwrap();
    let site = stack.site().clone();
    let run = stack.run_id().to_owned();
    let validated =
        inside(&docker, &run, "edge", "caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1").await;
    let key = inside(&docker, &run, "edge", "stat -c '%a %u %g' /etc/caddy/key.pem").await;
    // The public address, as another container reaches it, with no trust but in the file handed in.
    let url = format!("{}/smoke/demo.git", site.services[&Service::Forge]);
    let clone = |ca: &str| format!("git -c http.sslCAInfo={ca} ls-remote {url} 2>&1");
    let trusted = inside(&docker, &run, "forge", &clone("/etc/edge-smoke/ca.pem")).await;
    let mistrusted = inside(&docker, &run, "forge", &clone("/etc/ssl/certs/ca-certificates.crt")).await;
    let port = site.base_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let in_clear_text = get(port, "/forge/api/healthz").await;
    stack.down().await.unwrap();

    assert!(validated.contains("Valid configuration"), "{validated}");
    assert_eq!(key.trim(), "400 1000 1000");
    assert!(trusted.contains("refs/heads/main"), "{trusted}");
    assert!(!mistrusted.contains("refs/heads/main"), "{mistrusted}");
    assert!(in_clear_text.starts_with("HTTP/1.0 400"), "{in_clear_text}");
    assert!(site.base_url.starts_with("https://") && site.ca_pem.unwrap().contains("BEGIN CERTIFICATE"));
    assert_eq!(own(&docker).await, Vec::<String>::new());
    // The forge's image asks for a volume, which the container that carries files in gets as well, without our label.
    let left: Vec<_> = unused_volumes(&docker).await.difference(&unused_before).cloned().collect();
    assert_eq!(left, Vec::<String>::new());
}
