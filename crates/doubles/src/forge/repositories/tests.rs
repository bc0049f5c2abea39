use std::sync::{Arc, Mutex};

use super::*;

fn demo() -> Repositories {
    let repositories = Repositories::default();
    repositories.create("Smoke", "demo", Some("main")).unwrap();
    repositories
}

#[test]
fn a_fresh_repository_has_a_readme_or_nothing() {
    let repositories = demo();
    let facts = repositories.create("smoke", "bare", None).unwrap();
    assert_eq!((facts.id, facts.empty, facts.default_branch.as_str()), (2, true, "main"));
    assert!(repositories.branches("smoke", "bare").is_empty());

    let facts = repositories.get("smoke", "DEMO").unwrap();
    assert_eq!((facts.id, facts.empty, facts.full_name()), (1, false, "Smoke/demo".to_owned()));
    let head = repositories.branch("smoke", "demo", "main").unwrap();
    assert_eq!((head.before.as_deref(), head.message.as_str()), (None, "Initial commit\n"));
    assert_eq!(head.added, ["README.md"]);
    assert_eq!(repositories.file("smoke", "demo", "main", "README.md").unwrap(), b"# demo\n\n");
    let names: Vec<_> = repositories.list("smoke").into_iter().map(|facts| facts.name).collect();
    assert_eq!(names, ["demo", "bare"]);
}

#[test]
fn names_are_unique_without_regard_to_case_and_are_plain() {
    let repositories = demo();
    assert_eq!(repositories.create("smoke", "Demo", None), Err(CreateError::Exists));
    for name in ["", ".", "..", "-", "a/b", "a b", "x.git", "x.WIKI", "ä", &"a".repeat(101)] {
        assert_eq!(repositories.create("smoke", name, None), Err(CreateError::BadName), "{name}");
    }
    assert!(repositories.delete("SMOKE", "demo") && !repositories.delete("smoke", "demo"));
    assert_eq!(repositories.create("smoke", "demo", None).unwrap().id, 2);
}

#[test]
fn commits_follow_each_other_and_say_what_they_change() {
    let repositories = demo();
    let first = repositories.branch("smoke", "demo", "main").unwrap();
    let commit = |path: &str, content: &str| {
        repositories.commit_file("smoke", "demo", "main", path, content.as_bytes(), "Change").unwrap()
    };
    let second = commit("docs/deep/a.txt", "1");
    assert_eq!(
        (second.before.as_deref(), second.added.as_slice()),
        (Some(first.id.as_str()), &["docs/deep/a.txt".to_owned()][..])
    );
    let third = commit("docs/deep/a.txt", "2");
    assert_eq!((third.added.len(), third.modified.as_slice()), (0, &["docs/deep/a.txt".to_owned()][..]));
    assert_eq!(repositories.branch("smoke", "demo", "main").unwrap(), third);
    assert_eq!(repositories.file("smoke", "demo", "main", "docs/deep/a.txt").unwrap(), b"2");
    for path in ["docs", "docs/deep", "docs/deep/a.txt/b", "nosuch", ""] {
        assert_eq!(repositories.file("smoke", "demo", "main", path), None, "{path}");
    }
}

#[test]
fn what_cannot_be_committed() {
    let repositories = demo();
    let commit = |name: &str, branch: &str, path: &str| {
        repositories.commit_file("smoke", name, branch, path, b"", "m").map(|_| ())
    };
    assert_eq!(commit("nosuch", "main", "a"), Err(CommitError::NoRepository));
    assert_eq!(commit("demo", "other", "a"), Err(CommitError::NoBranch));
    for path in ["", "/a", "a//b", "../a", "a/.", ".git/config", "README.md/a"] {
        assert_eq!(commit("demo", "main", path), Err(CommitError::BadPath), "{path}");
    }
    repositories.create("smoke", "bare", None).unwrap();
    assert_eq!(commit("bare", "a..b", "a"), Err(CommitError::NoBranch));
    assert_eq!(commit("bare", "trunk", "a"), Ok(()));
    assert_eq!(repositories.branches("smoke", "bare").len(), 1);
}

#[test]
fn listeners_hear_of_commits() {
    let repositories = demo();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = heard.clone();
    repositories.on_push(move |push| ears.lock().unwrap().push(push.clone()));
    let first = repositories.branch("smoke", "demo", "main").unwrap();
    let second = repositories.commit_file("smoke", "demo", "main", "a", b"", "m").unwrap();
    let heard = heard.lock().unwrap();
    let [push] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((push.pusher.as_str(), push.reference.as_str()), ("Smoke", "refs/heads/main"));
    assert_eq!((&push.before, &push.after), (&first.id, &second.id));
    assert_eq!(push.commits, [second]);
}

#[test]
fn branch_names() {
    for name in ["main", "feature/a", "v1.0", "a-b", "ä"] {
        assert!(contents::is_branch(name), "{name}");
    }
    for name in
        ["", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a..b", "a b", "a~1", "a:b", "a.", "-a", "@", "a@{1}", "a\n"]
    {
        assert!(!contents::is_branch(name), "{name}");
    }
}
