//! What a web app manifest refers to (W3C Web Application Manifest).

use serde_json::Value;
use url::Url;

use crate::{Found, Kind};

/// The icons and screenshots of a manifest; `base` is its own URL. Nothing where it isn't a JSON object.
pub fn manifest(text: &str, base: &Url) -> Found {
    let mut found = Found::default();
    let Ok(Value::Object(manifest)) = serde_json::from_str(text.trim_start_matches('\u{feff}')) else { return found };
    let shortcuts = manifest.get("shortcuts").and_then(Value::as_array).into_iter().flatten();
    let lists = [("icons", manifest.get("icons")), ("screenshots", manifest.get("screenshots"))]
        .into_iter()
        .chain(shortcuts.map(|shortcut| ("shortcuts", shortcut.get("icons"))));
    for (by, list) in lists {
        for entry in list.and_then(Value::as_array).into_iter().flatten() {
            if let Some(source) = entry.get("src").and_then(Value::as_str) {
                found.add(source, base, Kind::Icon, by, 1, |_| {});
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    #[test]
    fn icons_are_relative_to_the_manifest() {
        let base = Url::parse("http://edge.test/app/site.webmanifest").unwrap();
        let text =
            r#"{"icons": [{"src": "a.png"}, {"sizes": "any"}, 7], "shortcuts": [{"icons": [{"src": "/b.png"}]}]}"#;
        let urls: Vec<String> = manifest(text, &base)
            .references
            .iter()
            .map(|reference| match &reference.target {
                Target::Url(url) => format!("{} {} {}", reference.by, url.path(), reference.essential),
                Target::Nowhere(reason) => reason.clone(),
            })
            .collect();
        assert_eq!(urls, ["icons /app/a.png false", "shortcuts /b.png false"]);
        assert_eq!(manifest("<html>", &base), Found::default());
        assert_eq!(manifest("[[[[", &base), Found::default());
    }
}
