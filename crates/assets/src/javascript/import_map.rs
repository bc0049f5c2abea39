//! Import maps (HTML standard, "Import maps").

use serde_json::Value;
use url::Url;

/// Where specifiers lead, by the page's `<script type=importmap>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportMap {
    imports: Entries,
    /// By prefix of the importing script's URL, the longest first.
    scopes: Vec<(String, Entries)>,
}

/// Specifiers with their addresses, the longest specifier first. `None` blocks a specifier.
type Entries = Vec<(String, Option<Url>)>;

impl ImportMap {
    /// Reads a map; addresses in it are relative to `base`. What isn't a map gives none.
    pub fn read(text: &str, base: &Url) -> Self {
        let Ok(Value::Object(map)) = serde_json::from_str(text) else { return Self::default() };
        let imports = map.get("imports").map(|entries| self::entries(entries, base)).unwrap_or_default();
        let scopes = map.get("scopes").and_then(Value::as_object).into_iter().flatten();
        let mut scopes: Vec<(String, Entries)> = scopes
            .filter_map(|(prefix, entries)| Some((base.join(prefix).ok()?.into(), self::entries(entries, base))))
            .collect();
        scopes.sort_by(|one, other| other.0.cmp(&one.0));
        Self { imports, scopes }
    }

    /// Adds another map of the same page; what is there already stays.
    pub fn merge(&mut self, other: Self) {
        add(&mut self.imports, other.imports);
        for (prefix, entries) in other.scopes {
            match self.scopes.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, known)) => add(known, entries),
                None => self.scopes.push((prefix, entries)),
            }
        }
        self.scopes.sort_by(|one, other| other.0.cmp(&one.0));
    }

    /// Where a specifier leads for a script at `importer`; `None` for a bare one that the map doesn't know.
    pub fn resolve(&self, specifier: &str, importer: &Url) -> Option<Result<Url, String>> {
        let is_path = ["/", "./", "../"].iter().any(|start| specifier.starts_with(start));
        let as_url = if is_path { importer.join(specifier).ok() } else { Url::parse(specifier).ok() };
        let key = as_url.as_ref().map_or(specifier, Url::as_str);
        let importer = importer.as_str();
        let scopes = self.scopes.iter().filter(|(prefix, _)| match prefix.ends_with('/') {
            true => importer.starts_with(prefix.as_str()),
            false => importer == prefix,
        });
        for entries in scopes.map(|(_, entries)| entries).chain([&self.imports]) {
            if let Some(found) = look_up(entries, key) {
                return Some(found);
            }
        }
        match as_url {
            Some(url) => Some(Ok(url)),
            None if is_path => Some(Err(format!("`{specifier}` is no URL"))),
            None => None,
        }
    }
}

fn entries(value: &Value, base: &Url) -> Entries {
    let entries = value.as_object().into_iter().flatten();
    let mut entries: Entries = entries
        .filter(|(specifier, _)| !specifier.is_empty())
        .map(|(specifier, address)| {
            let address = address.as_str().and_then(|address| {
                let is_path = ["/", "./", "../"].iter().any(|start| address.starts_with(start));
                if is_path { base.join(address).ok() } else { Url::parse(address).ok() }
            });
            // A prefix must lead to a prefix.
            let address = address.filter(|url| !specifier.ends_with('/') || url.as_str().ends_with('/'));
            let is_path = ["/", "./", "../"].iter().any(|start| specifier.starts_with(start));
            let key = if is_path { base.join(specifier).ok() } else { Url::parse(specifier).ok() };
            (key.map_or_else(|| specifier.clone(), Into::into), address)
        })
        .collect();
    entries.sort_by(|one, other| other.0.cmp(&one.0));
    entries
}

fn add(known: &mut Entries, more: Entries) {
    for (specifier, address) in more {
        if let Err(place) = known.binary_search_by(|(other, _)| specifier.cmp(other)) {
            known.insert(place, (specifier, address));
        }
    }
}

/// The longest entry that fits. Sorted from the last to the first, a prefix stands behind all that it begins.
fn look_up(entries: &Entries, key: &str) -> Option<Result<Url, String>> {
    let fits = |specifier: &str| specifier == key || (specifier.ends_with('/') && key.starts_with(specifier));
    let (specifier, address) = entries.iter().find(|(specifier, _)| fits(specifier))?;
    let blocked = || format!("the import map gives `{specifier}` no usable address");
    Some(match address {
        None => Err(blocked()),
        Some(address) if specifier == key => Ok(address.clone()),
        Some(address) => address.join(&key[specifier.len()..]).map_err(|_| blocked()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn resolved(map: &ImportMap, specifier: &str, importer: &str) -> String {
        match map.resolve(specifier, &url(importer)) {
            Some(Ok(url)) => url.into(),
            Some(Err(reason)) => reason,
            None => "bare".to_owned(),
        }
    }

    #[test]
    fn specifiers_lead_where_the_map_says() {
        let text = r#"{"imports": {"vue": "/lib/vue.js", "x/": "./x/", "x/y.js": "/own.js", "no": null, "/a.js": "/b.js"},
            "scopes": {"/old/": {"vue": "/lib/vue2.js"}}}"#;
        let map = ImportMap::read(text, &url("http://h/app/"));
        let page = "http://h/app/main.js";
        assert_eq!(resolved(&map, "vue", page), "http://h/lib/vue.js");
        assert_eq!(resolved(&map, "vue", "http://h/old/main.js"), "http://h/lib/vue2.js");
        assert_eq!(resolved(&map, "x/z.js", page), "http://h/app/x/z.js");
        assert_eq!(resolved(&map, "x/y.js", page), "http://h/own.js");
        assert_eq!(resolved(&map, "/a.js", page), "http://h/b.js");
        assert_eq!(resolved(&map, "no", page), "the import map gives `no` no usable address");
        assert_eq!(resolved(&map, "react", page), "bare");
        assert_eq!(resolved(&map, "../z.js", page), "http://h/z.js");
        assert_eq!(resolved(&map, "https://cdn.test/z.js", page), "https://cdn.test/z.js");
    }

    #[test]
    fn of_two_maps_the_first_counts() {
        let mut map = ImportMap::read(r#"{"imports": {"a": "/1.js"}}"#, &url("http://h/"));
        map.merge(ImportMap::read(r#"{"imports": {"a": "/2.js", "b": "/3.js"}}"#, &url("http://h/")));
        assert_eq!(resolved(&map, "a", "http://h/"), "http://h/1.js");
        assert_eq!(resolved(&map, "b", "http://h/"), "http://h/3.js");
        assert_eq!(ImportMap::read("[", &url("http://h/")), ImportMap::default());
    }
}
