//! What stands in excerpts of texts: members of JSON, references of HTML. Excerpts end anywhere, so nothing is parsed as
//! a whole.

/// The values of all string members of this name, and the first items of arrays of strings, in order.
pub(crate) fn json_strings(text: &str, name: &str) -> Vec<String> {
    let quoted = format!("\"{name}\"");
    text.match_indices(&quoted).filter_map(|(at, _)| value(&text[at + quoted.len()..])).collect()
}

/// The first of them.
pub(crate) fn json_string(text: &str, name: &str) -> Option<String> {
    json_strings(text, name).into_iter().next()
}

/// The string after a member's name: `: "…"`, or `: ["…"`.
fn value(rest: &str) -> Option<String> {
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let rest = rest.strip_prefix('[').map_or(rest, str::trim_start);
    let mut characters = rest.strip_prefix('"')?.chars();
    let mut found = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(found),
            '\\' => match characters.next()? {
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    found.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)?);
                }
                'n' => found.push('\n'),
                't' => found.push('\t'),
                other => found.push(other),
            },
            other => found.push(other),
        }
    }
}

/// What a page refers to from the root of its origin (`src="/…"`, `href="/…"`, `action="/…"`), without what it can do
/// without: icons and manifests.
pub(crate) fn root_references(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for tag in html.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else { continue };
        let relation = attribute(tag, "rel").unwrap_or_default().to_ascii_lowercase();
        if relation.contains("icon") || relation.contains("manifest") {
            continue;
        }
        let values = ["src", "href", "action"].into_iter().filter_map(|name| attribute(tag, name));
        found.extend(values.filter(|value| value.starts_with('/') && !value.starts_with("//")));
    }
    found
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        rest = &rest[at + name.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=') else { continue };
        if !before.is_some_and(char::is_whitespace) {
            continue;
        }
        let value = value.trim_start();
        return match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote).map(|(value, _)| value),
            _ => value.split_whitespace().next(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_what_there_is() {
        let text = r#"{"issuer":"http:\/\/a","list": [ "one" ], "broken": 1, "cut": "x"#;
        assert_eq!(json_string(text, "issuer").as_deref(), Some("http://a"));
        assert_eq!(json_string(text, "list").as_deref(), Some("one"));
        assert_eq!(json_string(text, "broken"), None);
        assert_eq!(json_string(text, "cut"), None);
        assert_eq!(json_string(r#"{"a":"\u0026\n\"x"}"#, "a").as_deref(), Some("&\n\"x"));
        assert_eq!(json_string(r#"{"a":"\u00"#, "a"), None);
        assert_eq!(json_strings(r#"[{"a":"1"},{"a":"2"}]"#, "a"), ["1", "2"]);
    }

    #[test]
    fn references_from_the_root_count_and_icons_do_not() {
        let html = r#"<link rel="alternate icon" href="/favicon.png"><script src='/a.js'></script><a href=/b>
            <a href="c/d"><img src="//elsewhere/x" data-src="/lazy"><form method=post action="/login"><link rel=manifest href="/m"><a href="/cut"#;
        assert_eq!(root_references(html), ["/a.js", "/b", "/login"]);
    }

    #[test]
    fn nothing_breaks_them() {
        for text in ["", "<", "<a href=", "<a href='", "\"a\"", "\"a\":", "\"a\":[", "<é src=é>"] {
            let _ = (json_strings(text, "a"), root_references(text));
        }
    }
}
