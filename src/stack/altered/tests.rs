//! Texts and rules before and after.

use doubles::meddler::Side;
use routes::{Mode, Origin};

use super::*;

fn site(mode: Mode) -> Site {
    let upstreams = [("forge", "forge:3000"), ("ci", "ci:8000"), ("staging", "staging:8080")];
    let upstreams = upstreams.map(|(name, at)| (name.to_owned(), at.to_owned())).into();
    Site::standard(Origin::parse("http://edge.test:4321").unwrap(), mode, &upstreams).unwrap()
}

fn change(replace: &str, with: &str) -> TextChange {
    TextChange { replace: replace.to_owned(), with: with.to_owned(), place: Some("x.yaml:3:4".to_owned()) }
}

#[test]
fn the_caddyfile_is_changed_at_every_place_its_global_options_included() {
    let site = site(Mode::Subpath);
    let text = routes::caddyfile::render(&site).unwrap();
    for (changes, has, count) in [
        (vec![change("admin off", "admin 0.0.0.0:2019")], "\tadmin 0.0.0.0:2019\n", 1),
        (vec![change("reverse_proxy forge:3000", "reverse_proxy 127.0.0.1:3000")], "reverse_proxy 127.0.0.1:3000", 3),
        (vec![change("${edge} {", "${edge} {\n\tlog")], "http://edge.test:4321 {\n\tlog\n", 1),
        (vec![change("admin off", "admin on"), change("admin on", "admin :1")], "\tadmin :1\n", 1),
        // As somebody writes it who indents by spaces.
        (vec![change("admin off\n  auto_https   off\n", "debug")], "\tdebug\n\tpersist_config off\n", 1),
        (vec![change("admin off", "$1")], "\t$1\n", 1),
        (vec![change("\tpersist_config off\n", "")], "auto_https off\n}", 1),
    ] {
        let changed = caddyfile(text.clone(), &site, &changes, Finding::Must).unwrap();
        assert_eq!(changed.matches(has).count(), count, "{changes:?}: {changed}");
    }
}

#[test]
fn nothing_to_replace_is_an_error_with_its_place_and_later_on_it_is_none() {
    let site = site(Mode::Subpath);
    let changes = [change("admin off", "admin :1"), change("${forge} {", "x")];
    let error = caddyfile("admin off".to_owned(), &site, &changes, Finding::Must).unwrap_err();
    assert!(
        error.starts_with("x.yaml:3:4: nothing in the generated Caddyfile is `http://edge.test:4321/forge {`"),
        "{error}"
    );
    assert_eq!(caddyfile("admin off".to_owned(), &site, &changes, Finding::May).unwrap(), "admin :1");
    assert!(caddyfile("x".to_owned(), &site, &[change(" ", "y")], Finding::Must).is_err());
}

#[test]
fn what_is_said_of_the_other_mode_s_routes_means_nothing_and_unknown_ones_are_errors() {
    let options = |name: &str, change: Option<RouteChange>| StackOptions {
        routes: [(name.to_owned(), change)].into(),
        ..StackOptions::new(scenario::model::Mode::Subpath)
    };
    let strip = || Some(RouteChange { strip_prefix: Some(true), ..RouteChange::default() });
    let subdomain = site(Mode::Subdomain);
    for (name, change) in [("root", None), ("forge-bare", None), ("ci", strip()), ("staging", strip())] {
        assert_eq!(served(&subdomain, &options(name, change)).unwrap(), subdomain, "{name}");
    }
    assert_ne!(served(&site(Mode::Subpath), &options("root", None)).unwrap(), site(Mode::Subpath));
    assert_ne!(served(&site(Mode::Subpath), &options("ci", strip())).unwrap(), site(Mode::Subpath));
    for name in ["wiki", "chat"] {
        assert!(served(&subdomain, &options(name, None)).is_err(), "{name}");
    }
}

#[test]
fn whatever_leads_to_a_service_leads_to_its_meddler() {
    let site = site(Mode::Subpath);
    let meddler = Upstream { host: "forge-meddler".to_owned(), port: 8080 };
    let changed = through(site.clone(), &site, &[("forge".to_owned(), meddler.clone())].into());
    let to = |site: &Site, upstream: &Upstream| {
        let forwards = site
            .routes
            .iter()
            .filter(|route| matches!(&route.action, Action::Forward(forward) if forward.upstream == *upstream));
        forwards.map(|route| route.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(to(&changed, &meddler), ["forge-registry-bare", "forge-registry", "forge"]);
    assert!(to(&changed, &site.upstreams()["forge"]).is_empty());
    assert_eq!(to(&changed, &site.upstreams()["ci"]), ["ci"]);
}

#[test]
fn public_addresses_stand_for_themselves_in_patterns() {
    let rule = Rule {
        on: Side::Response,
        match_path: Some("^/x$".to_owned()),
        match_host: None,
        actions: vec![
            Tampering::ReplaceBody { find: "${ci}/(a+)$".to_owned(), with: "${edge}/$1 ${1}".to_owned() },
            Tampering::SetHeader { name: "X".to_owned(), value: "${forge}".to_owned() },
            Tampering::SetStatus(500),
        ],
    };
    let [filled] = &rules(&[rule], &site(Mode::Subdomain))[..] else { panic!("one rule") };
    let expected = [
        Tampering::ReplaceBody {
            find: r"http://ci\.edge\.test:4321/(a+)$".to_owned(),
            with: "http://edge.test:4321/$1 ${1}".to_owned(),
        },
        Tampering::SetHeader { name: "X".to_owned(), value: "http://forge.edge.test:4321".to_owned() },
        Tampering::SetStatus(500),
    ];
    assert_eq!(filled.actions, expected);
}
