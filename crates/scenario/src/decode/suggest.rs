//! Did you mean …?

/// The name that somebody who wrote `text` may have meant.
pub fn closest<'name>(text: &str, names: impl IntoIterator<Item = &'name str>) -> Option<&'name str> {
    let wanted = fold(text);
    // A long text is no misspelling of a key, and comparing takes time in proportion to its length.
    if wanted.chars().count() > 40 {
        return None;
    }
    let allowed = (wanted.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &fold(name)), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Case and the way in which words are joined are what people mix up.
fn fold(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn misspellings_are_recognised() {
        let names = ["expect", "headers", "basic_auth", "get", "put", "every_hop", "status"];
        let cases = [
            ("expct", Some("expect")),
            ("exepct", Some("expect")),
            ("Headers", Some("headers")),
            ("header", Some("headers")),
            ("basicAuth", Some("basic_auth")),
            ("basic-auth", Some("basic_auth")),
            ("gett", Some("get")),
            ("everyhop", Some("every_hop")),
            ("xyzzy", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(closest(text, names), expected, "{text}");
        }
        assert_eq!(closest(&"expect".repeat(10_000), names), None);
    }
}
