//! What the payload of each type may say.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::actions::payload::{Action, Kind};
use crate::actions::repository::Repository;

fn problems(kind: Kind, payload: &Value) -> Vec<String> {
    Action::from_json(kind, payload).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn names_everything_that_is_wrong_at_once() {
    let payload = json!({ "repo": "../x", "head": "a b", "title": "", "body": 7, "force": true });
    assert_eq!(
        problems(Kind::PrCreate, &payload),
        [
            "repo: `owner/name` was expected",
            "head: the name of a branch was expected, as git allows it",
            "base: it is missing",
            "title: it is empty",
            "body: a text was expected",
            "there is no field \"force\" here; there are: repo, head, base, title, body",
        ]
    );
}

#[test]
fn takes_what_the_original_takes() {
    assert_eq!(problems(Kind::CiRun, &json!({ "repo": "smoke/demo", "branch": "feat/x" })), [""; 0]);
    let issue = json!({ "title": "t", "body": "b", "labels": ["bug", " bug ", "good first issue"] });
    let Ok(Action::IssueCreate(issue)) = Action::from_json(Kind::IssueCreate, &issue) else { panic!() };
    assert_eq!(issue.labels, ["bug", "good first issue"]);
    let pull = json!({ "head": "feat", "base": "main", "title": "t", "body": "b" });
    assert_eq!(problems(Kind::PrCreate, &pull), [""; 0]);
}

#[test]
fn refuses_what_is_huge_or_of_another_kind() {
    let cases = [
        (Kind::IssueCreate, json!({ "title": "x".repeat(256) })),
        (Kind::IssueCreate, json!({ "title": "two\nlines" })),
        (Kind::IssueCreate, json!({ "title": "t", "body": "x".repeat(70_000) })),
        (Kind::IssueCreate, json!({ "title": "t", "body": "\u{0}" })),
        (Kind::IssueCreate, json!({ "title": "t", "labels": "bug" })),
        (Kind::IssueCreate, json!({ "title": "t", "labels": vec!["x"; 17] })),
        (Kind::IssueCreate, json!({ "title": "t", "labels": [1] })),
        (Kind::IssueCreate, json!({ "title": "t", "labels": [""] })),
        (Kind::IssueCreate, json!({ "title": { "x": 1 } })),
        (Kind::PrCreate, json!({ "head": "main", "base": "main", "title": "t" })),
        (Kind::CiRun, json!([])),
        (Kind::CiRun, json!("main")),
    ];
    for (kind, payload) in cases {
        assert_ne!(problems(kind, &payload), [""; 0], "{payload}");
    }
}

#[test]
fn html_is_text_like_any_other() {
    let payload = json!({ "title": "<img src=x onerror=alert(1)>", "body": "<script>alert(1)</script>" });
    let Ok(Action::IssueCreate(issue)) = Action::from_json(Kind::IssueCreate, &payload) else { panic!() };
    assert_eq!(issue.title, "<img src=x onerror=alert(1)>");
}

#[test]
fn branches_are_named_as_git_allows() {
    for name in ["main", "feat/x", "a.b", "äß", "v1.0-rc+2", "a@b"] {
        assert_eq!(problems(Kind::CiRun, &json!({ "branch": name })), [""; 0], "{name}");
    }
    for name in [
        "",
        "-f",
        "a..b",
        "a b",
        "a~1",
        "a^",
        "user:main",
        "a?",
        "*",
        "[x]",
        "a\\b",
        "@",
        "HEAD",
        "a@{1}",
        "a.",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a\n",
    ] {
        assert_ne!(problems(Kind::CiRun, &json!({ "branch": name })), [""; 0], "{name}");
    }
}

#[test]
fn repositories_mean_nothing_in_a_path() {
    for text in ["smoke/demo", "a.b/c_d-e", "A/1"] {
        assert_eq!(Repository::from_text(text).map(|repository| repository.to_string()).as_deref(), Some(text));
    }
    for text in
        ["", "demo", "/demo", "smoke/", "a/b/c", "../x", "./x", "a/..", "a%2fb/c", "a b/c", "a/b?x", "a/b#x", "a\\b/c"]
    {
        assert_eq!(Repository::from_text(text), None, "{text}");
    }
    let (one, other) = (Repository::new("Smoke", "demo").unwrap(), Repository::new("smoke", "Demo").unwrap());
    assert!(one.is(&other));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        Just(json!("main")),
        Just(json!("smoke/demo")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Value::from))
}

proptest! {
    /// Whatever comes is refused or is an action that says the same when it is read again.
    #[test]
    fn what_is_taken_is_kept(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        fields in proptest::collection::btree_map(
            prop::sample::select(vec!["repo", "branch", "title", "body", "labels", "head", "base", "x"]), value(), 0..6),
    ) {
        let payload: Value = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into();
        match Action::from_json(kind, &payload) {
            Err(problems) => prop_assert!(!problems.is_empty()),
            Ok(action) => {
                prop_assert_eq!(action.kind(), kind);
                prop_assert_eq!(Action::from_json(kind, &action.payload()), Ok(action));
            }
        }
    }
}
