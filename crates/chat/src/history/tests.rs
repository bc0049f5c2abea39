use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::clock::at;

const ID: Uuid = Uuid::from_u128(7);

fn history() -> (TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path().join("history")).unwrap();
    (folder, history)
}

fn entry(role: Role, text: &str) -> Entry {
    Entry::new(at(1_700_000_000), role, text)
}

fn file(folder: &TempDir, user: &str) -> PathBuf {
    path(&folder.path().join("history").join(user), ID)
}

async fn texts(history: &History, user: &str) -> Vec<String> {
    history.read(user, ID).await.unwrap().into_iter().map(|entry| entry.text).collect()
}

#[tokio::test]
async fn what_is_said_is_kept_and_nobody_elses() {
    let (folder, history) = history();
    let answer = Entry {
        outcome: Some(Outcome::Complete),
        usage: Some(crate::turn::Usage { input_tokens: 1, output_tokens: 2 }),
        ..entry(Role::Assistant, "a\nb\u{2028}")
    };
    history.append("Smoke", ID, entry(Role::User, "first")).await.unwrap();
    history.append("smoke", ID, answer.clone()).await.unwrap();
    let history = History::open(folder.path().join("history")).unwrap();
    assert_eq!(history.read("smoke", ID).await.unwrap(), [entry(Role::User, "first"), answer]);
    assert_eq!(fs::read_to_string(file(&folder, "smoke")).unwrap().lines().count(), 2);
    for user in ["other", "..", "smoke/../smoke", ""] {
        assert!(matches!(history.read(user, ID).await, Err(HistoryError::NotFound)), "{user}");
    }
    assert!(history.list("other").await.unwrap().is_empty());
    assert!(matches!(history.append("../x", ID, entry(Role::User, "")).await, Err(HistoryError::NotFound)));
}

#[tokio::test]
async fn others_on_the_machine_can_not_read_it() {
    let (folder, history) = history();
    history.append("smoke", ID, entry(Role::User, "first")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = file(&folder, "smoke");
    assert_eq!(
        (mode(&file), mode(file.parent().unwrap()), mode(&folder.path().join("history"))),
        (0o600, 0o700, 0o700)
    );
}

#[tokio::test]
async fn a_torn_line_spoils_no_other() {
    let (folder, history) = history();
    history.append("smoke", ID, entry(Role::User, "first")).await.unwrap();
    let file = file(&folder, "smoke");
    let whole = fs::read_to_string(&file).unwrap();

    fs::write(&file, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    assert_eq!(texts(&history, "smoke").await, ["first"], "the torn line is passed over");
    history.append("smoke", ID, entry(Role::Assistant, "second")).await.unwrap();
    assert_eq!(texts(&history, "smoke").await, ["first", "second"]);
    assert_eq!(fs::read_to_string(file.with_extension("torn")).unwrap(), format!("{}\n", &whole[..whole.len() / 2]));

    let now = fs::read_to_string(&file).unwrap();
    fs::write(&file, now.trim_end()).unwrap();
    history.append("smoke", ID, entry(Role::User, "third")).await.unwrap();
    assert_eq!(texts(&history, "smoke").await, ["first", "second", "third"], "only the line break was missing");
}

#[tokio::test]
async fn a_first_line_that_is_torn_is_no_conversation() {
    let (folder, history) = history();
    history.append("smoke", ID, entry(Role::User, "x")).await.unwrap();
    fs::write(file(&folder, "smoke"), "{\"at\":").unwrap();
    assert!(history.list("smoke").await.unwrap().is_empty());
    assert!(matches!(history.read("smoke", ID).await, Err(HistoryError::NotFound)));
    history.append("smoke", ID, entry(Role::User, "again")).await.unwrap();
    assert_eq!(texts(&history, "smoke").await, ["again"]);
}

#[tokio::test]
async fn writers_do_not_mix() {
    let (_folder, history) = history();
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..40 {
        let history = history.clone();
        let text = format!("{number} {}", "x".repeat(10_000));
        writing.spawn(async move { history.append("smoke", ID, entry(Role::User, &text)).await.unwrap() });
    }
    writing.join_all().await;
    let mut numbers: Vec<usize> =
        texts(&history, "smoke").await.iter().map(|text| text.split_once(' ').unwrap().0.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn lists_show_the_first_message() {
    let (folder, history) = history();
    history.append("smoke", ID, entry(Role::User, &format!("  a \n{}", "ä".repeat(100)))).await.unwrap();
    history.append("smoke", ID, entry(Role::User, "later")).await.unwrap();
    history.append("smoke", Uuid::from_u128(8), entry(Role::User, &"long ".repeat(20_000))).await.unwrap();
    fs::write(folder.path().join("history/smoke/notes.txt"), "").unwrap();
    fs::write(folder.path().join("history/smoke/none.ndjson"), "").unwrap();
    let list = history.list("smoke").await.unwrap();
    assert_eq!(list.iter().map(|one| one.conversation_id.as_u128()).collect::<Vec<_>>(), [8, 7]);
    assert_eq!((list[0].title.as_str(), list[1].title.as_str()), ("", format!("a {}…", "ä".repeat(78)).as_str()));
    assert_eq!(list[1].created, "2023-11-14T22:13:20.000Z");
}

#[tokio::test]
async fn a_conversation_has_an_end() {
    let (_folder, history) = history();
    let long = "x".repeat(usize::try_from(LONGEST).unwrap() - 200);
    history.append("smoke", ID, entry(Role::User, &long)).await.unwrap();
    let refused = history.append("smoke", ID, entry(Role::User, &"y".repeat(500))).await;
    assert!(matches!(refused, Err(HistoryError::Full)));
    assert_eq!(history.read("smoke", ID).await.unwrap().len(), 1);
}

/// Runs where no file may grow beyond eight blocks, which to whoever writes is a disk that fills up in the middle of a line.
#[tokio::test]
#[ignore = "run by the test below"]
async fn on_a_full_disk() {
    let (folder, history) = history();
    let mut kept = 0;
    let refused = loop {
        match history.append("smoke", ID, entry(Role::User, &format!("{kept} {}", "x".repeat(900)))).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "the disk never got full");
    };
    assert!(matches!(refused, HistoryError::Io(_)) && kept > 0, "{refused}");
    let content = fs::read_to_string(file(&folder, "smoke")).unwrap();
    assert!(content.ends_with('\n') && content.lines().count() == kept, "half a line was left: {content}");
    assert_eq!(history.read("smoke", ID).await.unwrap().len(), kept);
    let other = Uuid::from_u128(9);
    assert!(history.append("smoke", other, entry(Role::User, &"x".repeat(100_000))).await.is_err());
    assert!(!path(file(&folder, "smoke").parent().unwrap(), other).exists(), "what never began leaves nothing");
    history.append("smoke", other, entry(Role::User, "short")).await.unwrap();
    println!("kept {kept}");
}

#[test]
fn a_full_disk_loses_nothing_that_was_kept() {
    // The limit is the process's, so it is another process. The signal that goes with it is ignored, as on a disk that is full.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --ignored --exact --nocapture history::tests::on_a_full_disk";
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new("sh").arg("-c").arg(script).arg(program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("kept "), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Wherever a crash cuts the file: what was whole stays, and what comes next is whole.
    #[test]
    fn a_crash_at_any_byte(texts in prop::collection::vec("\\PC{0,40}", 1..5), cut in any::<prop::sample::Index>()) {
        let (folder, history) = history();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for text in &texts {
                history.append("smoke", ID, entry(Role::User, text)).await.unwrap();
            }
            let file = file(&folder, "smoke");
            let content = fs::read(&file).unwrap();
            let cut = cut.index(content.len() + 1);
            fs::write(&file, &content[..cut]).unwrap();
            // A line is whole with or without its line break.
            let ends = content.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
            let whole = ends.filter(|at| *at <= cut).count();
            history.append("smoke", ID, entry(Role::Assistant, "after")).await.unwrap();
            let expected: Vec<&str> = texts[..whole].iter().map(String::as_str).chain(["after"]).collect();
            assert_eq!(self::texts(&history, "smoke").await, expected);
        });
    }
}
