//! Values that are new with every run, matched by their shape; and addresses mapped to those of the recorder.

use std::sync::LazyLock;

use regex::Regex;

use crate::recording::RECORDED_ORIGIN;

/// In a URL, and in a URL that stands in another's query.
static VALUES: LazyLock<Vec<(Regex, String)>> = LazyLock::new(|| {
    let shapes = [
        ("client_id", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<client_id>"),
        // A signed token; the recorder wrote `<jwt>` where it stood in another URL.
        ("state", r"(?:eyJ[\w-]+\.[\w-]+\.[\w-]+|<jwt>)", "<state>"),
        ("code", r"[\w-]{20,}", "<code>"),
    ];
    let pattern = |name, value| Regex::new(&format!(r"([?&]|%3F|%26){name}(=|%3D){value}(&|%26|$)"));
    shapes
        .into_iter()
        .map(|(name, value, shown)| {
            (pattern(name, value).unwrap_or_else(|error| panic!("{error}")), format!("${{1}}{name}${{2}}{shown}${{3}}"))
        })
        .collect()
});

/// The text with random values replaced by their names, where they look as they should.
pub(crate) fn canonical(text: &str) -> String {
    let replaced = |text: String, (pattern, shown): &(Regex, String)| pattern.replace_all(&text, shown).into_owned();
    VALUES.iter().fold(text.to_owned(), replaced)
}

/// The text with the site's origin replaced by that of the recordings, also where it stands encoded in a query.
pub(crate) fn at_recorded_origin(text: &str, origin: &str) -> String {
    let mut text = text.to_owned();
    let (mut from, mut to) = (origin.to_owned(), RECORDED_ORIGIN.to_owned());
    for _ in 0..3 {
        text = text.replace(&from, &to);
        (from, to) = (encoded(&from), encoded(&to));
    }
    text
}

fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace(':', "%3A").replace('/', "%2F")
}
