//! An edge's configuration, where somebody gives it away: what shows that it is one, without what is secret in it.

use serde_json::{Map, Value};

/// How deep the outline goes: as far as the addresses that servers listen at.
const DEPTH: usize = 5;

/// Whether a path is one at which Caddy's admin API hands out its configuration.
pub fn is_asked_for(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path == "/config" || path.starts_with("/config/")
}

/// The names of a configuration's parts, and where its servers listen. A content that isn't read to its end, or that is
/// something else, has none.
pub fn outline(content: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(content).ok()?;
    let members =
        document.as_object().filter(|members| members.contains_key("apps") || members.contains_key("admin"))?;
    Some(Value::Object(shortened(members, DEPTH)).to_string())
}

fn shortened(members: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let keep = |(name, value): (&String, &Value)| match value {
        Value::Object(inner) if depth > 1 => Some((name.clone(), Value::Object(shortened(inner, depth - 1)))),
        Value::String(_) | Value::Array(_) if name == "listen" => Some((name.clone(), value.clone())),
        _ => None,
    };
    members.iter().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_has_addresses_and_no_secrets() {
        let text = r#"{"admin":{"listen":"0.0.0.0:2019"},"apps":{"http":{"servers":{"srv0":{"listen":[":8080"],
            "routes":[{"handle":[{"headers":{"X-Secret":["hunter2"]}}]}],"secret":"hunter2"}}}}}"#;
        assert_eq!(
            outline(text.as_bytes()).as_deref(),
            Some(r#"{"admin":{"listen":"0.0.0.0:2019"},"apps":{"http":{"servers":{"srv0":{"listen":[":8080"]}}}}}"#)
        );
        for other in ["{}", "[]", r#"{"apps": "#, "", r#"{"settings": {}}"#] {
            assert_eq!(outline(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn only_the_apis_own_paths_are_looked_at() {
        for (target, expected) in
            [("/config/", true), ("/config", true), ("/config/apps?x", true), ("/configure", false), ("/", false)]
        {
            assert_eq!(is_asked_for(target), expected, "{target}");
        }
    }
}
