//! The page for operators names every setting that the program reads, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn names(text: &str) -> BTreeSet<String> {
    let is_name = |text: &str| {
        text.contains('_')
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let between =
        |quote: char| text.split(quote).skip(1).step_by(2).filter(|word| is_name(word)).map(ToOwned::to_owned);
    between('`').collect()
}

/// The sources in a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}

/// What the rooms ask their readers for.
fn asked_for(sources: &str) -> BTreeSet<String> {
    let calls = ["get", "required", "parsed", "number", "flag", "path", "url", "required_url"];
    let rests =
        calls.into_iter().flat_map(|call| sources.split(&format!("reader.{call}(")).skip(1).collect::<Vec<_>>());
    let names = rests.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    names.filter(|name| name.contains('_')).map(ToOwned::to_owned).collect()
}

#[test]
fn every_setting_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documented = names(&fs::read_to_string(root.join("../../docs/chat.md")).unwrap());
    let sources = sources(&root.join("src"));
    let asked_for = asked_for(&sources);
    assert!(asked_for.len() > 25, "{asked_for:?}");
    let missing: Vec<&String> = asked_for.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/chat.md doesn't name {missing:?}");
    let unknown: Vec<&String> = documented.iter().filter(|name| !sources.contains(&format!("\"{name}\""))).collect();
    assert!(unknown.is_empty(), "docs/chat.md names {unknown:?}, which the program doesn't know");
}
