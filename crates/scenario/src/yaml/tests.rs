//! Trees and places.

use serde_json::{Value, json};

use super::{Kind, MAX_BYTES, Node, Style, parse};
use crate::span::Source;

fn tree(text: &str) -> Node {
    match parse(&Source::new("file.yaml", text)) {
        Ok(node) => node,
        Err(diagnostics) => panic!("{}", diagnostics[0].render(false)),
    }
}

/// The first lines of all errors.
fn errors(text: &str) -> Vec<String> {
    match parse(&Source::new("file.yaml", text)) {
        Ok(node) => panic!("accepted: {}", node.to_json()),
        Err(diagnostics) => diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect(),
    }
}

#[test]
fn values() {
    let cases: Vec<(&str, Value)> = vec![
        ("a: 1\nb: [x, 'y', \"z\\n\"]\n", json!({ "a": 1, "b": ["x", "y", "z\n"] })),
        ("- - 1\n  - 2\n- {a: b, c: [d]}\n", json!([[1, 2], { "a": "b", "c": ["d"] }])),
        ("a: |\n  one\n  two\nb: >-\n  three\n  four\n", json!({ "a": "one\ntwo\n", "b": "three four" })),
        ("a:\nb: ~\nc: \"\"\nd: null\n", json!({ "a": null, "b": null, "c": "", "d": null })),
        ("200: a\ntrue: b\n'': c\n1.50: d\n", json!({ "200": "a", "true": "b", "": "c", "1.50": "d" })),
        (
            "a: &x [1, {b: c}]\nd: *x\ne: &x 2\nf: *x\n",
            json!({ "a": [1, { "b": "c" }], "d": [1, { "b": "c" }], "e": 2, "f": 2 }),
        ),
        (
            "a: !!str 5\nb: !!int 7\nc: !!float 1.5\nd: !!map {}\ne: !!seq []\nf: !!bool true\n",
            json!({ "a": "5", "b": 7, "c": 1.5, "d": {}, "e": [], "f": true }),
        ),
        ("%YAML 1.2\n---\na: yes\n...\n", json!({ "a": "yes" })),
        ("just text", json!("just text")),
        ("<<", json!("<<")),
    ];
    for (text, expected) in cases {
        assert_eq!(tree(text).to_json(), expected, "{text}");
    }
}

#[test]
fn styles_are_kept() {
    let node = tree("[a, 'a', \"a\", true, 'true', 007]");
    let items = node.as_sequence().unwrap();
    assert!(matches!(&items[0].kind, Kind::String(_, Style::Plain)) && items[0].as_word() == Some("a"));
    assert!(matches!(&items[1].kind, Kind::String(_, Style::Quoted)) && items[1].as_word().is_none());
    assert_eq!(items[4].as_str(), Some("true"));
    assert_eq!(items[5].scalar_text(), Some("007"));
}

/// Every node with the text at its place.
fn places(source: &Source, node: &Node, out: &mut Vec<String>) {
    out.push(format!("{} {:?}", node.kind_name(), source.slice(node.span)));
    match &node.kind {
        Kind::Sequence(items) => items.iter().for_each(|item| places(source, item, out)),
        Kind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
            assert_eq!(source.slice(key.span).trim_matches(['"', '\'']), key.value);
            places(source, value, out);
        }),
        _ => {}
    }
}

#[test]
fn places_cover_what_was_written() {
    let text = "\u{feff}a: 1\nb:\n  - x é\n  - \"y z\" # comment\nc: {d: e, f: [1, 2]}\ng: |\n  text\n  more\n\nh: ~\n\"k\":\n  j: 漢\n";
    let source = Source::new("file.yaml", text);
    let mut out = Vec::new();
    places(&source, &tree(text), &mut out);
    insta::assert_snapshot!(out.join("\n"), @r##"
    a mapping "a: 1\nb:\n  - x é\n  - \"y z\" # comment\nc: {d: e, f: [1, 2]}\ng: |\n  text\n  more\n\nh: ~\n\"k\":\n  j: 漢"
    a number "1"
    a list "- x é\n  - \"y z\""
    text "x é"
    text "\"y z\""
    a mapping "{d: e, f: [1, 2]}"
    text "e"
    a list "[1, 2]"
    a number "1"
    a number "2"
    text "text\n  more"
    nothing "~"
    a mapping "j: 漢"
    text "漢"
    "##);
}

#[test]
fn errors_of_single_nodes_are_collected() {
    let text = "a: 1\na: 2\nb: *nowhere\nc: !custom x\nd: .inf\n<<: {}\n? [x]\n: y\ne: &e [*e]\nf: !!int x\n";
    insta::assert_snapshot!(errors(text).join("\n"), @r##"
    the key `a` comes twice
    nothing is anchored as `&nowhere` before this place
    the tag `!custom` is not supported here
    `.inf` is not a number that can be used here
    merge keys are not supported: YAML 1.2 doesn't have them
    a key must be text, not a list
    an alias can't be part of what it stands for
    the value doesn't fit its tag `!!int`
    "##);
}

#[test]
fn errors_come_in_the_order_of_the_file() {
    // Errors elsewhere are still found, and in the order of the file.
    let messages = errors("a: *x\nb: 1\nb: *y\n");
    assert_eq!(messages.len(), 3);
    assert!(messages[0].contains("&x") && messages[1].contains("twice") && messages[2].contains("&y"), "{messages:?}");
}

#[test]
fn a_file_of_the_largest_size_is_read() {
    let filler = "#".repeat(MAX_BYTES - "a: 1\n".len());
    assert_eq!(tree(&format!("a: 1\n{filler}")).to_json(), json!({ "a": 1 }));
    assert_eq!(errors(&format!("a: 1\n#{filler}")), ["the file is too large: files may have at most 1 MiB"]);
}

#[test]
fn aliases_are_counted_as_what_they_stand_for() {
    let list = format!("a: &a [{}]\n", vec!["x"; 999].join(","));
    let aliases = |count: usize| format!("{list}b: [{}]\n", vec!["*a"; count].join(","));
    assert_eq!(tree(&aliases(98)).get("b").and_then(Node::as_sequence).map(<[Node]>::len), Some(98));
    assert_eq!(errors(&aliases(99)), ["the file has too much in it: at most 100000 values, aliases written out"]);
}
