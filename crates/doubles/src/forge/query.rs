//! Names with values, as queries and forms carry them.

use http::Uri;

/// Names with values (`application/x-www-form-urlencoded`), in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The members of a JSON object that are texts.
    pub(super) fn from_json(bytes: &[u8]) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let members = value.as_object()?.iter();
        Some(Self(members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()))
    }

    pub(super) fn of(uri: &Uri) -> Self {
        uri.query().map(|query| Self::parse(query.as_bytes())).unwrap_or_default()
    }

    /// The first value of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of this name, empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

/// An address with values added to its query, sorted by name as Go's standard library does it. A value in place already is replaced;
/// nothing else of the address changes.
pub(super) fn with_values(address: &str, values: &[(&str, &str)]) -> String {
    let (rest, fragment) = match address.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (address, None),
    };
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.retain(|(name, _)| values.iter().all(|(other, _)| name != other));
    pairs.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    match fragment {
        Some(fragment) => format!("{base}?{query}#{fragment}"),
        None => format!("{base}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_join_what_is_there() {
        for (address, result) in [
            ("http://h:80/cb", "http://h:80/cb?code=c&state=S+1%26"),
            ("http://h/cb?z=1&code=old", "http://h/cb?code=c&state=S+1%26&z=1"),
            ("app:/x?a#part", "app:/x?a=&code=c&state=S+1%26#part"),
        ] {
            assert_eq!(with_values(address, &[("state", "S 1&"), ("code", "c")]), result);
        }
    }

    #[test]
    fn json_may_stand_for_a_form() {
        let fields = Fields::from_json(br#"{"a":"1","b":2}"#).unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.text("c")), (Some("1"), None, ""));
        assert!(Fields::from_json(b"[]").is_none() && Fields::from_json(b"a=1").is_none());
    }
}
