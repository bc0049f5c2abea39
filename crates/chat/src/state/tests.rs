use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::clock::at;
use crate::session::SessionId;

fn id(name: &str) -> SessionId {
    SessionId::of(name)
}

fn session(user: &str, expires: u64) -> Session {
    Session { user: user.to_owned(), expires: at(expires) }
}

async fn begin(store: &Store, name: &str, user: &str, expires: u64, ending: &[&str]) {
    let ending = ending.iter().map(|name| id(name)).collect();
    store.begin_session(id(name), session(user, expires), ending, at(100)).await.unwrap();
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("a/state");
    let (conversation, of_command) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let key = {
        let store = Store::open(&directory).unwrap();
        begin(&store, "one", "smoke", 200, &[]).await;
        store.count_request("smoke", at(110), at(0)).await.unwrap();
        store.count_tokens("smoke", u64::MAX, at(111)).await.unwrap();
        store.remember("smoke", conversation, Uuid::nil()).await.unwrap();
        store.remember("smoke", conversation, of_command).await.unwrap();
        assert_eq!(store.once("k", Duration::from_secs(60), at(100)).await.unwrap(), Once::First);
        store.answer("k", "done").await.unwrap();
        store.key("sign-in").await.unwrap().sign(b"x")
    };
    let store = Store::open(&directory).unwrap();
    assert_eq!(store.session(id("one"), at(199)).await.unwrap(), Some(session("smoke", 200)));
    let counted = store.counted("smoke", at(100)).await.unwrap();
    assert_eq!(counted, Counted { requests: [110].into(), spending: [(111, i64::MAX.unsigned_abs())].into() });
    assert_eq!(store.conversation_session("smoke", conversation).await.unwrap(), Some(of_command));
    assert_eq!(store.once("k", Duration::from_secs(60), at(101)).await.unwrap(), Once::Seen(Some("done".to_owned())));
    assert!(store.key("sign-in").await.unwrap().verify(b"x", key.as_ref()));
    assert!(!store.key("other").await.unwrap().verify(b"x", key.as_ref()));
    store.forget("smoke", conversation).await.unwrap();
    assert_eq!(store.conversation_session("smoke", conversation).await.unwrap(), None);
}

#[tokio::test]
async fn sessions_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let alive = async |name: &str, now| store.session(id(name), at(now)).await.unwrap().is_some();
    begin(&store, "one", "smoke", 200, &[]).await;
    assert!(alive("one", 199).await && !alive("one", 200).await && !alive("unknown", 150).await);
    begin(&store, "two", "smoke", 300, &["one", "unknown"]).await;
    assert!(!alive("one", 150).await && alive("two", 150).await);
    store.end_session(id("two")).await.unwrap();
    assert!(!alive("two", 150).await);
    begin(&store, "stranger", "other", 1000, &[]).await;
    for number in 0..25 {
        let begun = store.begin_session(id(&number.to_string()), session("smoke", 1000), Vec::new(), at(100 + number));
        begun.await.unwrap();
    }
    assert!(!alive("4", 150).await && alive("5", 150).await && alive("24", 150).await && alive("stranger", 150).await);
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_is_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        asking.spawn(async move { store.once("k", Duration::from_secs(10), at(0)).await.unwrap() == Once::First });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|first| *first).count(), 1);
    assert_eq!(store.once("k", Duration::from_secs(10), at(9)).await.unwrap(), Once::Seen(None));
    assert_eq!(store.once("k", Duration::from_secs(10), at(10)).await.unwrap(), Once::First, "it was kept for so long");
    store.undo("k").await.unwrap();
    assert_eq!(store.once("k", Duration::from_secs(10), at(11)).await.unwrap(), Once::First);
}

#[tokio::test]
async fn what_is_old_is_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    for seconds in [5, 10, 15] {
        store.count_request("smoke", at(seconds), at(0)).await.unwrap();
        store.count_tokens("smoke", seconds, at(seconds)).await.unwrap();
    }
    store.count_request("other", at(12), at(0)).await.unwrap();
    let counted = store.counted("smoke", at(10)).await.unwrap();
    assert_eq!(counted, Counted { requests: [10, 15].into(), spending: [(10, 10), (15, 15)].into() });
    // It doesn't stay on the disk either, in a service that is never started again.
    store.count_request("smoke", at(20), at(15)).await.unwrap();
    let rows = |table: &'static str| {
        let sum = format!("SELECT count(*) FROM {table}");
        store.ask(move |connection| connection.query_row(&sum, (), |row| row.get::<_, u64>(0)))
    };
    assert_eq!((rows("requests").await.unwrap(), rows("spending").await.unwrap()), (3, 1));
}

#[test]
fn others_can_not_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("state");
    let _store = Store::open(&directory).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn what_can_not_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = Store::open(&folder.path().join("file")).unwrap_err().to_string();
    assert!(error.contains("file: ") && error.contains("exists"), "{error}");

    std::fs::create_dir(folder.path().join("garbage")).unwrap();
    std::fs::write(folder.path().join("garbage").join(FILE), "not a database ".repeat(100)).unwrap();
    let error = Store::open(&folder.path().join("garbage")).unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");

    let newer = folder.path().join("newer");
    drop(Store::open(&newer).unwrap());
    Connection::open(newer.join(FILE)).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let error = Store::open(&newer).unwrap_err().to_string();
    assert!(error.contains("newer version") && error.contains("999"), "{error}");
}

/// A disk that is full refuses what is new and loses nothing that is there.
#[tokio::test]
async fn a_full_database_refuses_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    begin(&store, "one", "smoke", 10_000, &[]).await;
    store
        .ask(|connection| connection.query_row("PRAGMA max_page_count = 1", (), |row| row.get::<_, i64>(0)))
        .await
        .unwrap();
    let mut refused = None;
    for number in 0..20_000 {
        let long = format!("{number}-{}", "x".repeat(2000));
        if let Err(error) = store.count_request(&long, at(110), at(0)).await {
            refused = Some(error.to_string());
            break;
        }
    }
    assert!(refused.unwrap().contains("full"));
    assert!(store.session(id("one"), at(150)).await.unwrap().is_some());
}
