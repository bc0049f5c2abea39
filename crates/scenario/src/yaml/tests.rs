//! Trees and places.

use super::{Kind, MAX_BYTES, parse};
use crate::span::Source;

fn json(text: &str) -> serde_json::Value {
    match parse(&Source::new("file.yaml", text)) {
        Ok(node) => node.to_json(),
        Err(diagnostics) => panic!("{}", diagnostics[0].render(false)),
    }
}

fn errors(text: &str) -> String {
    match parse(&Source::new("file.yaml", text)) {
        Ok(node) => panic!("accepted: {}", node.to_json()),
        Err(diagnostics) => {
            diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn dbg_spans() {
    let text = "a: 1\nb:\n  - x\n  - \"y z\"\nc: {d: e, f: [1, 2]}\ng: |\n  text\n  more\n\nh: >-\n  folded\n  here\ni:\n  j: k\nl: ~\nm:\n";
    let source = Source::new("f", text);
    let node = parse(&source).unwrap();
    fn walk(source: &Source, node: &super::Node, depth: usize) {
        println!("{}{:?}", "  ".repeat(depth), source.slice(node.span));
        match &node.kind {
            Kind::Sequence(items) => items.iter().for_each(|i| walk(source, i, depth + 1)),
            Kind::Mapping(entries) => entries.iter().for_each(|(k, i)| {
                println!("{}{}={:?}", "  ".repeat(depth), k.value, source.slice(k.span));
                walk(source, i, depth + 1)
            }),
            _ => {}
        }
    }
    walk(&source, &node, 0);
    for t in [
        "a: 1\n\tb: 2\n",
        "a: {b\n",
        "",
        "# only\n",
        "\u{feff}a: 1\n",
        "a: 1\r\nb: 2\r\n",
        "a: 1\n---\nb: 2\n",
        "a: [1, 2\nb: 3",
        "a: b: c",
        "a: 'x",
        "- a\nb: c",
        "a: 1\n b: 2",
        "a: *x",
        "a: &x [*x]",
        "<<: 1",
        "? [a]\n: b",
        "a: !foo b",
        "a: @x",
        "%x",
        "a: 1\na: 2\nb: *q\nb: 3",
        "a: .nan",
        "x: 1\n  y\n: 3",
        "a: \"\\q\"",
        "a: 1\n\t\n",
        "\ta: 1",
        "a:\n\t- b",
        "- a: 1\n   b: 2",
        "a\nb",
        "a: |\n\tx",
        "a: 1 # \u{0}",
    ] {
        println!("=== {t:?}");
        match parse(&Source::new("f.yaml", t)) {
            Ok(n) => println!("{}", n.to_json()),
            Err(d) => d.iter().for_each(|d| println!("{}", d.render(false))),
        }
    }
    let _ = (json as fn(&str) -> _, errors as fn(&str) -> _, MAX_BYTES);
}
