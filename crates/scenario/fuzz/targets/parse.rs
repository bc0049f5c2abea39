//! Whatever the text, the parser answers, and what it points at is there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scenario::{Source, parse};

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.yaml", text);
    match parse(&source) {
        Ok(scenario) => {
            for (name, span) in scenario.variables() {
                assert!(source.slice(span).contains(name));
            }
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            for diagnostic in diagnostics {
                let places = diagnostic.span.iter().chain(diagnostic.related.iter().map(|(span, _)| span));
                for span in places {
                    assert!(text.get(span.start..span.end).is_some());
                }
                assert!(!diagnostic.render(false).contains('\u{1b}'));
            }
        }
    }
});
