//! How errors look.

use std::sync::Arc;

use super::Diagnostic;
use crate::span::Source;

fn source() -> Arc<Source> {
    let lines: Vec<String> = (1..=120).map(|line| format!("line {line}")).collect();
    Source::new("scenarios/forge-login.yaml", lines.join("\n"))
}

/// A diagnostic at the first occurrence of a text.
fn at(source: &Arc<Source>, text: &str, message: &str) -> Diagnostic {
    let start = source.text.find(text).expect("it is there");
    Diagnostic::at(source, source.span(start..start + text.len()), message)
}

#[test]
fn a_failed_expectation() {
    let source = Source::new("a.yaml", "steps:\n  - get: /\n    expect: { status: 200 }\n");
    let diagnostic = at(&source, "200", "status is not what was expected").expected("200").found("302");
    insta::assert_snapshot!(diagnostic.label("GET http://edge.test/").help("add `follow: true`").render(false), @r##"
    error: status is not what was expected
     --> a.yaml:3:23
      |
    3 |     expect: { status: 200 }
      |                       ^^^ GET http://edge.test/
      = expected: 200
      = found:    302
      = help: add `follow: true`
    "##);
}

#[test]
fn texts_of_several_lines_stay_in_their_column() {
    let diagnostic = Diagnostic::new("no stack").expected("one\ntwo").found("three\n\u{1b}[2Jfour").help("five\nsix");
    insta::assert_snapshot!(diagnostic.render(false), @r##"
    error: no stack
      = expected: one
                  two
      = found:    three
                  \u{1b}[2Jfour
      = help: five
              six
    "##);
}

#[test]
fn related_places_and_wide_line_numbers() {
    let source = source();
    let first = at(&source, "line 7", "").span.expect("a place");
    let diagnostic = at(&source, "ine 110", "the second").label("here").related(first, "the first");
    insta::assert_snapshot!(diagnostic.render(false), @r##"
    error: the second
       --> scenarios/forge-login.yaml:110:2
        |
    110 | line 110
        |  ^^^^^^^ here
       ::: scenarios/forge-login.yaml:7:1
        |
      7 | line 7
        | ------ the first
    "##);
}

#[test]
fn a_place_of_several_lines_is_marked_on_its_first() {
    let source = Source::new("a.yaml", "a:\n  b: c\n  d: e\n");
    insta::assert_snapshot!(at(&source, "b: c\n  d: e", "all of it").render(false), @r##"
    error: all of it
     --> a.yaml:2:3
      |
    2 |   b: c
      |   ^^^^
    "##);
}

#[test]
fn the_end_of_a_file_can_be_pointed_at() {
    for text in ["a: {", "a: {\n", ""] {
        let source = Source::new("a.yaml", text);
        let rendered = Diagnostic::at(&source, source.span(text.len()..text.len()), "it ends").render(false);
        assert!(rendered.ends_with("^\n"), "{rendered}");
    }
}

#[test]
fn colours_are_the_only_difference() {
    let source = source();
    let diagnostic = at(&source, "line 50", "x").expected("y").found("z").help("w").related(source.span(0..4), "v");
    let mut plain = String::new();
    let colored = diagnostic.render(true);
    let mut rest = colored.as_str();
    while let Some(escape) = rest.find('\u{1b}') {
        plain.push_str(&rest[..escape]);
        let end = rest[escape..].find('m').expect("the end of an escape");
        rest = &rest[escape + end + 1..];
    }
    plain.push_str(rest);
    assert_ne!(colored, plain);
    assert_eq!(plain, diagnostic.render(false));
}

#[test]
fn spans_out_of_the_text_are_moved_into_it() {
    let source = Source::new("a.yaml", "é: 1\n");
    let inside = source.span(1..2);
    assert_eq!((inside.start, inside.end), (0, 2));
    let outside = source.span(std::ops::Range { start: 90, end: 80 });
    assert_eq!((outside.start, outside.end), (6, 6));
    assert!(
        Diagnostic::at(&source, crate::Span { start: 70, end: 99, line: 9, column: 9 }, "x")
            .render(false)
            .contains("a.yaml:9:9")
    );
}
