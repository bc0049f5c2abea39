//! Fuzzes pages: any text is one, and every reference has a line of it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(url) = url::Url::parse("http://edge.test/ci/page") else { return };
    let found = assets::html::document(text, &url).found;
    // In stylesheets carriage returns and form feeds end lines too.
    let lines = text.matches(['\n', '\r', '\u{c}']).count() + 1;
    assert!(found.references.iter().all(|reference| (1..=lines).contains(&reference.line)));
});
