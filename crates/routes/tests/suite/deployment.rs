//! From the settings to the site, and to the files that follow from them.

use crate::common::{deployment, public, variables};
use routes::deployment::{SETTINGS, read};
use routes::environment::{compose, derived, template};
use routes::{Mode, caddyfile};

fn refused(given: &[(&str, &str)]) -> String {
    read(&variables(given)).unwrap_err().to_string()
}

#[test]
fn without_any_setting_everything_is_local() {
    let local = read(&[].into()).unwrap();
    assert_eq!(local.site.mode, Mode::Subpath);
    assert_eq!(local.site.origin.to_string(), "http://edge.test:8080");
    insta::assert_snapshot!(compose(&deployment(&[])).unwrap(), @r"
    # Rendered by `edge render --target compose-env`, mode subpath. Changes made here are lost.
    EDGE_ROUTING_MODE=subpath
    EDGE_PORT=8080
    ROOT_URL=http://edge.test:8080/forge/
    GITEA__server__ROOT_URL=http://edge.test:8080/forge/
    FORGE_PUBLIC_URL=http://edge.test:8080/forge
    WOODPECKER_HOST=http://edge.test:8080/ci
    CI_OAUTH_REDIRECT_URI=http://edge.test:8080/ci/authorize
    CHAT_PUBLIC_URL=http://edge.test:8080/chat
    CHAT_OAUTH_REDIRECT_URI=http://edge.test:8080/chat/oauth/callback
    ");
    let subdomain = compose(&deployment(&[("EDGE_ROUTING_MODE", "subdomain")])).unwrap();
    assert!(
        subdomain.contains("\nROOT_URL=http://forge.edge.test:8080/\n") && !subdomain.contains("https"),
        "{subdomain}"
    );
}

#[test]
fn one_setting_moves_a_public_site() {
    insta::assert_snapshot!(compose(&public("subpath")).unwrap(), @r"
    # Rendered by `edge render --target compose-env`, mode subpath. Changes made here are lost.
    EDGE_ROUTING_MODE=subpath
    EDGE_PORT=8080
    EDGE_TUNNEL_FQDN=project.example.com
    ROOT_URL=https://project.example.com/forge/
    GITEA__server__ROOT_URL=https://project.example.com/forge/
    FORGE_PUBLIC_URL=https://project.example.com/forge
    WOODPECKER_HOST=https://project.example.com/ci
    CI_OAUTH_REDIRECT_URI=https://project.example.com/ci/authorize
    CHAT_PUBLIC_URL=https://project.example.com/chat
    CHAT_OAUTH_REDIRECT_URI=https://project.example.com/chat/oauth/callback
    ");
    insta::assert_snapshot!(compose(&public("subdomain")).unwrap(), @r"
    # Rendered by `edge render --target compose-env`, mode subdomain. Changes made here are lost.
    EDGE_ROUTING_MODE=subdomain
    EDGE_PORT=8080
    EDGE_TUNNEL_FQDN=project.example.com
    EDGE_TUNNEL_FQDN_FORGE=forge.project.example.com
    EDGE_TUNNEL_FQDN_CI=ci.project.example.com
    EDGE_TUNNEL_FQDN_CHAT=chat.project.example.com
    ROOT_URL=https://forge.project.example.com/
    GITEA__server__ROOT_URL=https://forge.project.example.com/
    FORGE_PUBLIC_URL=https://forge.project.example.com
    WOODPECKER_HOST=https://ci.project.example.com
    CI_OAUTH_REDIRECT_URI=https://ci.project.example.com/authorize
    CHAT_PUBLIC_URL=https://chat.project.example.com
    CHAT_OAUTH_REDIRECT_URI=https://chat.project.example.com/oauth/callback
    ");
}

/// Behind a tunnel the edge listens in plain HTTP on its own port, and services are told https all the same.
#[test]
fn a_public_edge_listens_behind_what_ends_tls() {
    let text = caddyfile::render(&public("subdomain").site).unwrap();
    let hosts: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("http://")).collect();
    let expected =
        ["project.example.com", "forge.project.example.com", "ci.project.example.com", "chat.project.example.com", ""];
    assert_eq!(hosts, expected.map(|host| format!("{host}:8080 {{")));
    assert!(!text.contains("https://"));
    let proxies = text.matches("reverse_proxy ").count() + text.matches("forward_auth ").count();
    assert_eq!(text.matches("header_up X-Forwarded-Proto https").count(), proxies);
}

#[test]
fn an_edge_with_a_certificate_speaks_https_itself() {
    let tls = [
        ("EDGE_TLS_CERTIFICATE", "/tls/edge.pem"),
        ("EDGE_TLS_KEY", "/tls/edge.key"),
        ("EDGE_TUNNEL_FQDN", "a.example"),
    ];
    let text = caddyfile::render(&deployment(&tls).site).unwrap();
    assert!(text.contains("https://a.example:443 {\n\ttls \"/tls/edge.pem\" \"/tls/edge.key\"\n"), "{text}");
    assert!(!text.contains("X-Forwarded-Proto"), "{text}");
}

#[test]
fn services_have_hosts_of_their_own_in_one_mode_alone() {
    let given = [("EDGE_TUNNEL_FQDN", "a.example"), ("EDGE_TUNNEL_FQDN_FORGE", "Git.example")];
    let in_mode = |mode| deployment(&[given.as_slice(), &[("EDGE_ROUTING_MODE", mode)]].concat());
    assert_eq!(in_mode("subdomain").site.service_url("forge").unwrap(), "https://git.example");
    assert_eq!(in_mode("subdomain").site.service_url("ci").unwrap(), "https://ci.a.example");
    // They stay in `.env` when the mode goes back, and mean nothing there.
    assert_eq!(in_mode("subpath").site.service_url("forge").unwrap(), "https://a.example/forge");
}

#[test]
fn only_the_services_that_are_there() {
    let two = deployment(&[("EDGE_SERVICES", "staging, forge"), ("EDGE_UPSTREAM_STAGING", "127.0.0.1:81")]);
    let names: Vec<&str> = derived(&two).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["EDGE_ROUTING_MODE", "EDGE_PORT", "ROOT_URL", "GITEA__server__ROOT_URL", "FORGE_PUBLIC_URL"]);
    assert!(caddyfile::render(&two.site).unwrap().contains("reverse_proxy 127.0.0.1:81"));
}

#[test]
fn each_bad_value_is_refused_by_the_name_of_its_setting() {
    let public = ("EDGE_TUNNEL_FQDN", "a.example");
    let subdomain = ("EDGE_ROUTING_MODE", "subdomain");
    for (given, expected) in [
        (
            vec![("EDGE_ROUTING_MODE", "sub-path")],
            "EDGE_ROUTING_MODE: expected `subpath` or `subdomain`, found `sub-path`",
        ),
        (vec![("EDGE_ROUTING_MODE", "")], "EDGE_ROUTING_MODE: expected `subpath` or `subdomain`, found ``"),
        (vec![("EDGE_ROUTING_MODE", "Subpath")], "EDGE_ROUTING_MODE: expected"),
        (vec![("EDGE_TUNNEL_FQDN", "")], "EDGE_TUNNEL_FQDN: the host is empty"),
        (vec![("EDGE_TUNNEL_FQDN", "a_b.example")], "EDGE_TUNNEL_FQDN: `a_b.example` is not a host name"),
        (vec![("EDGE_TUNNEL_FQDN", "https://a.example")], "EDGE_TUNNEL_FQDN: `https://a.example` is not a host name"),
        (vec![("EDGE_TUNNEL_FQDN", "a.example:8443")], "EDGE_TUNNEL_FQDN: `a.example:8443` is not a host name"),
        (vec![("EDGE_TUNNEL_FQDN", "a.example {\n}")], "EDGE_TUNNEL_FQDN: `a.example {\\n}` is not a host name"),
        (vec![("EDGE_TUNNEL_FQDN", "192.0.2.1"), subdomain], "EDGE_TUNNEL_FQDN: `192.0.2.1` is an address"),
        (vec![public, ("EDGE_TUNNEL_FQDN_CI", ""), subdomain], "EDGE_TUNNEL_FQDN_CI: the host is empty"),
        (
            vec![public, ("EDGE_TUNNEL_FQDN_CI", "forge.a.example"), subdomain],
            "EDGE_TUNNEL_FQDN_CI: `forge.a.example` is the host of EDGE_TUNNEL_FQDN_FORGE as well",
        ),
        (
            vec![public, ("EDGE_TUNNEL_FQDN_FORGE", "a.example"), subdomain],
            "EDGE_TUNNEL_FQDN_FORGE: `a.example` is the host of EDGE_TUNNEL_FQDN as well",
        ),
        (vec![("EDGE_TUNNEL_FQDN_CHAT", "c.example")], "EDGE_TUNNEL_FQDN_CHAT: it is set, but EDGE_TUNNEL_FQDN is not"),
        (vec![("EDGE_PORT", "0")], "EDGE_PORT: expected a port"),
        (vec![("EDGE_PORT", "+80")], "EDGE_PORT: expected a port"),
        (
            vec![("EDGE_UPSTREAM_FORGE", "forge")],
            "EDGE_UPSTREAM_FORGE: expected `HOST:PORT`, found `forge`: the port is missing",
        ),
        (vec![("EDGE_UPSTREAM_CI", "http://ci:8000")], "EDGE_UPSTREAM_CI: expected `HOST:PORT`"),
        (vec![("EDGE_SERVICES", "forge,wiki")], "EDGE_SERVICES: there is no service `wiki`"),
        (vec![("EDGE_SERVICES", "forge,forge")], "EDGE_SERVICES: `forge` is there twice"),
        (vec![("EDGE_SERVICES", "")], "EDGE_SERVICES: there is no service ``"),
        (vec![("EDGE_TLS_KEY", "/k")], "EDGE_TLS_CERTIFICATE: it is not set, but EDGE_TLS_KEY is"),
        (vec![("EDGE_TLS_KEY", "/k"), ("EDGE_TLS_CERTIFICATE", "/a b")], "EDGE_TLS_CERTIFICATE: expected a path"),
        (vec![("EDGE_IMAGE", "caddy:2\"")], "EDGE_IMAGE: expected the name of an image"),
        (
            vec![("EDGE_ROUTING_MOD", "subdomain")],
            "EDGE_ROUTING_MOD: there is no such setting; expected one of EDGE_ROUTING_MODE",
        ),
        (vec![("EDGE_TUNNEL_FQDN_STAGING", "a.example")], "EDGE_TUNNEL_FQDN_STAGING: there is no such setting"),
        (vec![("FORWARD_AUTH_SECRET", "")], "FORWARD_AUTH_SECRET: the secret is empty"),
        (vec![("FORWARD_AUTH_SECRET", "a b")], "FORWARD_AUTH_SECRET: the secret contains a space"),
        (vec![("FORWARD_AUTH_SECRET", "<no value>")], "FORWARD_AUTH_SECRET: the secret is `<no value>`"),
        (vec![("FORWARD_AUTH_SECRET", "a$b")], "FORWARD_AUTH_SECRET: the secret contains a quote"),
    ] {
        let message = refused(&given);
        assert!(message.starts_with(expected) && !message.contains('\n'), "{given:?}\n{message}");
    }
}

#[test]
fn all_problems_are_said_at_once() {
    let message = refused(&[
        ("EDGE_ROUTING_MODE", "x"),
        ("EDGE_TUNNEL_FQDN", ""),
        ("EDGE_PORT", "x"),
        ("EDGE_UPSTREAM_CI", "ci"),
        ("FORWARD_AUTH_SECRET", ""),
    ]);
    let settings: Vec<&str> = message.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        settings,
        ["EDGE_ROUTING_MODE", "EDGE_TUNNEL_FQDN", "EDGE_PORT", "EDGE_UPSTREAM_CI", "FORWARD_AUTH_SECRET"]
    );
}

#[test]
fn a_missing_secret_is_refused_where_the_chat_needs_it() {
    let none = read(&[].into()).unwrap();
    for error in [caddyfile::render(&none.site).unwrap_err(), compose(&none).unwrap_err()] {
        assert_eq!(error.problems[0].setting, "FORWARD_AUTH_SECRET");
    }
    let without_chat = read(&[("EDGE_SERVICES".to_owned(), "forge".to_owned())].into()).unwrap();
    assert!(caddyfile::render(&without_chat.site).is_ok());
}

#[test]
fn the_template() {
    insta::assert_snapshot!(template(&[].into()));
}

/// Filled in with the values that it shows, it means the same as no file at all, but for the names that are examples.
#[test]
fn the_template_shows_the_defaults() {
    let text = template(&[].into()).replace("FORWARD_AUTH_SECRET=", "FORWARD_AUTH_SECRET=0123456789abcdef");
    let as_it_is = routes::variables::parse(&text).unwrap();
    assert_eq!(read(&as_it_is).unwrap(), deployment(&[]));
    let shown: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut all = routes::variables::parse(&shown).unwrap();
    assert_eq!(all.len(), SETTINGS.len());
    all.retain(|name, _| !name.contains("FQDN") && !name.contains("TLS"));
    assert_eq!(read(&all).unwrap(), deployment(&[]));
}

fn is_setting(text: &str) -> bool {
    SETTINGS.iter().any(|setting| text.starts_with(&format!("{}=", setting.name)))
}

/// A template made of a site's settings is that site's, its secret aside.
#[test]
fn a_template_keeps_what_is_given_but_no_secret() {
    let given = variables(&[
        ("EDGE_ROUTING_MODE", "subdomain"),
        ("EDGE_TUNNEL_FQDN", "a.example"),
        ("EDGE_UPSTREAM_CI", "10.0.0.1:80"),
    ]);
    let text = template(&given);
    assert!(!text.contains("0123456789abcdef"));
    let mut again = routes::variables::parse(&text).unwrap();
    again.insert("FORWARD_AUTH_SECRET".to_owned(), "0123456789abcdef".to_owned());
    assert_eq!(again, given);
}
