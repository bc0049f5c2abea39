//! The tables of `docs/edge-routing-fallback.md`, held to the code. With `EDGE_SMOKE_UPDATE=1` they are written anew.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::public;
use routes::deployment::Deployment;
use routes::environment::derived;
use routes::names::needed;
use routes::standard::SERVICES;

const FILE: &str = "../../docs/edge-routing-fallback.md";

fn modes() -> [Deployment; 2] {
    [public("subpath"), public("subdomain")]
}

fn table(head: [&str; 3], rows: impl Iterator<Item = (String, [String; 2])>) -> String {
    let mut text = format!("| {} | {} | {} |\n|---|---|---|\n", head[0], head[1], head[2]);
    for (name, [subpath, subdomain]) in rows {
        text.push_str(&format!("| {name} | {subpath} | {subdomain} |\n"));
    }
    text
}

fn code(text: Option<&str>) -> String {
    text.map_or_else(|| "not there".to_owned(), |text| format!("`{text}`"))
}

/// Where each service is.
fn topology() -> String {
    let rows = SERVICES.iter().map(|service| {
        let urls = modes().map(|mode| code(mode.site.service_url(service).map(|url| format!("{url}/")).as_deref()));
        ((*service).to_owned(), urls)
    });
    table(["service", "subpath", "subdomain"], rows)
}

/// Every setting that differs; the others aren't in the table.
fn settings() -> String {
    let [subpath, subdomain] = modes().map(|mode| derived(&mode).into_iter().collect::<BTreeMap<_, _>>());
    let names: Vec<&str> = derived(&modes()[1]).into_iter().map(|(name, _)| name).collect();
    assert!(subpath.keys().all(|name| names.contains(name)), "a setting of one mode alone");
    let rows = names.into_iter().filter(|name| subpath.get(name) != subdomain.get(name));
    let rows = rows.map(|name| {
        let of = |mode: &BTreeMap<&str, String>| code(mode.get(name).map(String::as_str));
        (format!("`{name}`"), [of(&subpath), of(&subdomain)])
    });
    table(["setting", "subpath", "subdomain"], rows)
}

fn names() -> String {
    let list = |names: Vec<String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let needed = modes().map(|mode| list(needed(&mode.site)));
    let hosts = modes().map(|mode| list(mode.site.hosts().into_iter().map(ToOwned::to_owned).collect()));
    let rows = [("host blocks".to_owned(), hosts), ("names in DNS and in the certificate".to_owned(), needed)];
    table(["", "subpath", "subdomain"], rows.into_iter())
}

#[test]
fn the_tables_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let found = std::fs::read_to_string(&path).unwrap();
    let mut expected = found.clone();
    for (name, table) in [("topology", topology()), ("settings", settings()), ("names", names())] {
        let mark = format!("<!-- table: {name} -->\n");
        let start = expected.find(&mark).unwrap_or_else(|| panic!("no {mark}")) + mark.len();
        let length: usize =
            expected[start..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
        expected.replace_range(start..start + length, &table);
    }
    if std::env::var_os("EDGE_SMOKE_UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert_eq!(found, expected, "run this test with EDGE_SMOKE_UPDATE=1 to write the tables anew");
    }
}

/// What the page tells people to type exists: targets, settings, its own name in the template.
#[test]
fn the_template_points_at_the_page() {
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE).is_file());
    let template = routes::environment::template(&[].into());
    let lines: Vec<&str> = template.lines().collect();
    let setting = lines.iter().position(|line| line.starts_with("EDGE_ROUTING_MODE=")).unwrap();
    let above = lines[..setting].iter().rev().take_while(|line| line.starts_with('#')).copied().collect::<String>();
    assert!(above.contains("docs/edge-routing-fallback.md"), "{above}");
}
