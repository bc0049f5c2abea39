//! Whatever the text, the parser answers, and what it points at is there.

use std::path::Path;

use proptest::prelude::*;
use scenario::{Diagnostic, Source, Span, parse};

/// What must hold of every answer.
fn examine(text: &str) {
    let source = Source::new("x.yaml", text);
    match parse(&source) {
        Ok(scenario) => {
            scenario.services();
            for (name, span) in scenario.variables() {
                lies_in(text, span);
                assert!(source.slice(span).contains(name), "{name} is not at {span:?} of {text:?}");
            }
            let steps = scenario.steps.iter();
            steps
                .flat_map(|step| step.expect.iter().map(|expectation| expectation.span).chain([step.span]))
                .for_each(|span| lies_in(text, span));
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            for Diagnostic { span, related, .. } in &diagnostics {
                span.iter().chain(related.iter().map(|(span, _)| span)).for_each(|span| lies_in(text, *span));
            }
            for diagnostic in &diagnostics {
                let rendered = diagnostic.render(false);
                assert!(!rendered.contains('\u{1b}') && rendered.ends_with('\n'), "{rendered}");
                assert!(diagnostic.render(true).contains("\u{1b}[0m"));
            }
        }
    }
}

/// The span is a range of whole characters, and its line and column are those of its start.
fn lies_in(text: &str, span: Span) {
    assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{span:?} of {text:?}");
    let before = text[..span.start].replace("\r\n", "\n").replace('\r', "\n");
    // Between the two characters of a line end the line hasn't changed yet.
    let before = if text[..span.start].ends_with('\r') && text[span.start..].starts_with('\n') {
        before.trim_end_matches('\n').to_owned()
    } else {
        before
    };
    let line = before.matches('\n').count() + 1;
    assert_eq!(span.line, line, "{span:?} of {text:?}");
    if !text[..span.start].ends_with('\r') {
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        assert_eq!(span.column, column, "{span:?} of {text:?}");
    }
}

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good/everything.yaml");
    std::fs::read_to_string(path).expect("the example")
}

/// Pieces that mean something in YAML or in the language.
const TOKENS: &[&str] = &[
    "name:", "steps:", "\n", "\n  ", "\n  - ", "\n    ", "get:", "submit:", "use:", "expect:", "capture:", "vars:",
    "json:", "css:", "status:", " /", " ${a}", " $${", " ${", "}", "{", "[", "]", ",", ": ", "- ", "'", "\"", "|", ">",
    "&a", " *a", "!", "#", "\t", "\r", "\u{feff}", "é", "漢", "\\", "1", "200", "true", "exists", "~", "? ", "<<: ",
    "---", "...", "%", "@", "$.a", "a[",
];

fn token() -> impl Strategy<Value = String> {
    prop_oneof![8 => proptest::sample::select(TOKENS).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        examine(&text);
    }

    #[test]
    fn any_sequence_of_tokens_is_answered(tokens in proptest::collection::vec(token(), 0..40)) {
        examine(&tokens.concat());
    }

    #[test]
    fn a_changed_file_is_answered(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, token()), 1..4),
    ) {
        let mut text = example();
        for (place, removed, inserted) in changes {
            let start = text.floor_char_boundary(place.index(text.len()));
            let end = text.ceil_char_boundary((start + removed).min(text.len()));
            text.replace_range(start..end, &inserted);
        }
        examine(&text);
    }

    #[test]
    fn a_file_cut_off_is_answered(place in any::<prop::sample::Index>()) {
        let text = example();
        examine(&text[..text.floor_char_boundary(place.index(text.len()))]);
    }
}
