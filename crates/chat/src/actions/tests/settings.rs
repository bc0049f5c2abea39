//! Which actions there are, and what is wrong with settings.

use std::collections::BTreeMap;

use serde_json::json;

use crate::actions::{Action, Kind, Settings};
use crate::config::Reader;

fn read(pairs: &[(&str, &str)]) -> (Settings, Vec<String>) {
    let values: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut reader = Reader::new(&values);
    let settings = Settings::read(&mut reader);
    (settings, reader.finish().into_iter().map(|problem| problem.setting).collect())
}

const FORGE: [(&str, &str); 3] = [("FORGE_TOKEN", "abc"), ("FORGE_OWNER", "smoke"), ("FORGE_REPO", "demo")];

#[test]
fn an_action_needs_its_token() {
    let (none, problems) = read(&[]);
    assert!(none.kinds().is_empty() && problems.is_empty() && none.instructions().is_empty());
    let (forge, problems) = read(&FORGE);
    assert_eq!((forge.kinds(), problems), (vec![Kind::IssueCreate, Kind::PrCreate], vec![]));
    assert!(forge.instructions().contains("smoke/demo") && !forge.instructions().contains("ci-run"));
    let ci =
        [("WOODPECKER_TOKEN", "x"), ("WOODPECKER_HOST", "https://h/ci"), ("FORGE_OWNER", "a"), ("FORGE_REPO", "b")];
    let (ci, problems) = read(&ci);
    assert_eq!((ci.kinds(), problems), (vec![Kind::CiRun], vec![]));
    assert_eq!(ci.ci.unwrap().internal.as_str(), "https://h/ci");
}

/// What is given, and the settings that are wrong with it.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn settings_that_cannot_work_are_named() {
    let cases: [Case<'_>; 9] = [
        (&[("FORGE_TOKEN", "abc")], &["FORGE_REPO"]),
        (&[("FORGE_TOKEN", "a b"), FORGE[1], FORGE[2]], &["FORGE_TOKEN"]),
        (&[("FORGE_TOKEN", "<no value>"), FORGE[1], FORGE[2]], &["FORGE_TOKEN"]),
        (&[FORGE[1]], &["FORGE_REPO"]),
        (&[("FORGE_OWNER", "../x"), FORGE[2]], &["FORGE_REPO"]),
        (&[("CHAT_ACTION_REPOS", "smoke/demo, other")], &["CHAT_ACTION_REPOS"]),
        (&[("WOODPECKER_TOKEN", "x"), FORGE[1], FORGE[2]], &["WOODPECKER_URL"]),
        (&[("WOODPECKER_TOKEN", "x"), ("WOODPECKER_URL", "ci:9000"), FORGE[1], FORGE[2]], &["WOODPECKER_URL"]),
        (
            &[
                ("WOODPECKER_TOKEN", "x"),
                ("WOODPECKER_URL", "http://ci:8000"),
                ("WOODPECKER_HOST", "https://h/ci"),
                FORGE[1],
                FORGE[2],
            ],
            &["WOODPECKER_URL"],
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(read(given).1, expected, "{given:?}");
    }
}

#[test]
fn an_action_is_for_a_repository_of_the_list() {
    let (settings, _) = read(&[FORGE[0], FORGE[1], FORGE[2], ("CHAT_ACTION_REPOS", "Smoke/Demo, smoke/second")]);
    assert_eq!(settings.repositories.len(), 2, "forges tell no two names apart that differ by case alone");
    let offered = |repo: serde_json::Value| {
        let action = Action::from_json(Kind::IssueCreate, &json!({ "title": "t", "repo": repo })).unwrap();
        settings.offer(action).and_then(|action| action.repository().map(ToString::to_string))
    };
    for (repo, expected) in [
        (json!(null), Some("smoke/demo")),
        (json!("SMOKE/Demo"), Some("smoke/demo")),
        (json!("smoke/second"), Some("smoke/second")),
        (json!("smoke/third"), None),
        (json!("evil/demo"), None),
    ] {
        assert_eq!(offered(repo.clone()).as_deref(), expected, "{repo}");
    }
    let run = Action::from_json(Kind::CiRun, &json!({ "branch": "main" })).unwrap();
    assert_eq!(settings.offer(run), None, "there is no CI");
}
