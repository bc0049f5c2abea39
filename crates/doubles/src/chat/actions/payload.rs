//! What an action may say.

use serde_json::{Map, Value, json};

use crate::chat::State;
use crate::chat::defect::Defect;

/// An action whose payload is as it should be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::chat) struct Action {
    pub(super) kind: &'static str,
    /// `owner/name`.
    pub(super) repository: Option<String>,
    /// Its texts by the names of their fields.
    fields: Map<String, Value>,
}

/// A field's name, and what is wrong with it.
pub(super) type Problem = (String, &'static str);

const KINDS: [(&str, &[&str]); 3] = [
    ("ci-run", &["repo", "branch"]),
    ("issue-create", &["repo", "title", "body", "labels"]),
    ("pr-create", &["repo", "head", "base", "title", "body"]),
];

impl Action {
    /// Reads a payload.
    pub(super) fn read(kind: &str, payload: &Value) -> Result<Self, Vec<Problem>> {
        let Some((kind, known)) = KINDS.into_iter().find(|(name, _)| *name == kind) else {
            return Err(vec![(String::new(), "there is no such action")]);
        };
        let Value::Object(given) = payload else { return Err(vec![(String::new(), "a JSON object was expected")]) };
        let mut problems = Vec::new();
        let mut fields = Map::new();
        for name in known {
            let value = given.get(*name).filter(|value| !value.is_null());
            match (check(name, value), value) {
                (Some(problem), _) => problems.push(((*name).to_owned(), problem)),
                (None, Some(value)) => {
                    fields.insert((*name).to_owned(), value.clone());
                }
                (None, None) => {}
            }
        }
        if kind == "pr-create" && fields.get("head").is_some() && fields.get("head") == fields.get("base") {
            problems.push(("head".to_owned(), "another branch than `base` was expected"));
        }
        if given.keys().any(|name| !known.contains(&name.as_str())) {
            problems.push((String::new(), "there is a field that this action doesn't have"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let repository = fields.remove("repo").and_then(|repo| repo.as_str().map(ToOwned::to_owned));
        Ok(Self { kind, repository, fields })
    }

    /// With its repository filled in, if that is one that actions may touch.
    pub(super) fn scoped(mut self, state: &State) -> Option<Self> {
        let listed = &state.settings.repositories;
        let repository = match self.repository.take() {
            None => listed.first()?.clone(),
            Some(named) => match listed.iter().find(|it| it.eq_ignore_ascii_case(&named)) {
                Some(listed) => listed.clone(),
                None if state.has(Defect::AnyRepository) => named,
                None => return None,
            },
        };
        self.repository = Some(repository);
        Some(self)
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn labels(&self) -> Vec<&str> {
        self.fields.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// As JSON.
    pub(super) fn payload(&self) -> Value {
        let mut payload = json!({ "repo": self.repository });
        for (name, value) in &self.fields {
            payload[name] = value.clone();
        }
        payload
    }
}

/// What is wrong with a field.
fn check(name: &str, value: Option<&Value>) -> Option<&'static str> {
    let is_optional = matches!(name, "repo" | "body" | "labels");
    let text = match value {
        None => return (!is_optional).then_some("it is missing"),
        Some(Value::Array(labels)) if name == "labels" => {
            let is_label = |label: &Value| label.as_str().is_some_and(|it| !it.trim().is_empty() && it.len() <= 200);
            return (labels.len() > 16 || !labels.iter().all(is_label))
                .then_some("the names of at most 16 labels were expected");
        }
        Some(Value::String(text)) if name != "labels" => text,
        Some(_) => return Some("something of another type was expected"),
    };
    let is_control = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    match name {
        "repo" => (!is_repository(text)).then_some("`owner/name` was expected"),
        "title" if text.trim().is_empty() => Some("it is empty"),
        "title" => (text.chars().count() > 255 || text.chars().any(char::is_control))
            .then_some("one line of at most 255 characters was expected"),
        "body" => {
            (text.len() > 64 * 1024 || text.chars().any(is_control)).then_some("at most 64 KiB of text were expected")
        }
        _ => (!is_branch(text)).then_some("the name of a branch was expected"),
    }
}

fn is_repository(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && !part.contains("..")
            && part != "."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    text.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

/// As git allows it (`git check-ref-format`), and on the repository itself.
fn is_branch(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !matches!(name, "@" | "HEAD")
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|character| character.is_control() || " ~^:?*[\\".contains(character))
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_fields() {
        let right = |kind, payload: Value| Action::read(kind, &payload).is_ok();
        assert!(right("issue-create", json!({ "title": "t", "labels": ["bug"], "body": "a\nb", "repo": "o/n" })));
        assert!(right("pr-create", json!({ "head": "feature/x", "base": "main", "title": "t" })));
        assert!(right("ci-run", json!({ "branch": "main", "repo": null })));
        for (kind, payload) in [
            ("issue-delete", json!({})),
            ("issue-create", json!([])),
            ("issue-create", json!({ "title": " " })),
            ("issue-create", json!({ "title": "a\nb" })),
            ("issue-create", json!({ "title": "t", "labels": "bug" })),
            ("issue-create", json!({ "title": "t", "body": "\u{7}" })),
            ("issue-create", json!({ "title": "t", "assignee": "me" })),
            ("issue-create", json!({ "title": "t", "repo": "../x" })),
            ("pr-create", json!({ "head": "main", "base": "main", "title": "t" })),
            ("ci-run", json!({ "branch": "a..b" })),
            ("ci-run", json!({ "branch": "--x" })),
            ("ci-run", json!({})),
        ] {
            assert!(!right(kind, payload.clone()), "{kind} {payload}");
        }
    }
}
