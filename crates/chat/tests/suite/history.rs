//! Conversations as their owners see them, and as others don't.

use std::fs;

use routes::Mode;
use serde_json::json;

use crate::ways::Way;
use crate::world::{MODES, Plan, World};

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn line(role: &str, text: &str) -> String {
    json!({ "at": "2026-01-02T03:04:05.000Z", "role": role, "text": text }).to_string() + "\n"
}

/// A conversation on the disk, as an earlier run of the service left it.
fn keep(world: &World, user: &str, id: &str, content: &str) {
    let folder = world.folder().join("history").join(user);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{id}.ndjson")), content).unwrap();
}

#[tokio::test]
async fn own_conversations_are_listed_read_and_exported() {
    for mode in MODES {
        let world = World::new(mode).await;
        let mut browser = world.signed_in("Other").await;
        keep(
            &world,
            "other",
            ID,
            &(line("user", "what is\nthis?") + &line("assistant", "<b>this</b>") + "{\"at\":\"torn"),
        );
        let list = browser.get(&world.url("/history")).await.json();
        assert_eq!(list["conversations"][0]["conversation_id"], ID);
        assert_eq!(list["conversations"][0]["title"], "what is this?");
        let read = browser.get(&world.url(&format!("/history/{ID}"))).await;
        assert_eq!(read.field("content-type").as_deref(), Some("application/json"));
        let read = read.json();
        assert_eq!(
            (&read["total"], &read["first"], &read["entries"][1]["text"]),
            (&json!(2), &json!(0), &json!("<b>this</b>"))
        );
        for path in [format!("/history/{ID}/export"), "/history/export".to_owned()] {
            let export = browser.get(&world.url(&path)).await;
            assert_eq!(export.field("content-type").as_deref(), Some("application/x-ndjson"));
            assert!(export.field("content-disposition").unwrap().starts_with("attachment; filename="));
            let lines: Vec<serde_json::Value> =
                export.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(lines.len(), 2);
            assert_eq!((&lines[0]["conversation_id"], &lines[0]["role"]), (&json!(ID), &json!("user")));
        }
    }
}

pub(crate) async fn nobody_reads_anothers(way: Way) {
    let world = World::stand(Plan::by(way)).await;
    keep(&world, "other", ID, &line("user", "secret"));
    let mut browser = world.signed_in("smoke").await;
    assert_eq!(browser.get(&world.url("/history")).await.json(), json!({ "conversations": [] }));
    assert_eq!(browser.get(&world.url("/history/export")).await.body, "");
    let unknown = browser.get(&world.url("/history/99999999-2222-4333-8444-555555555555")).await;
    for path in [
        format!("/history/{ID}"),
        format!("/history/{ID}/export"),
        format!("/history/..%2fother%2f{ID}"),
        format!("/history/%2e%2e%2fother%2f{ID}.ndjson"),
        "/history/..%2f..%2fstate%2fchat.sqlite".to_owned(),
        "/history/%00".to_owned(),
    ] {
        let answer = browser.get(&world.url(&path)).await;
        // By the edge some of these are refused before they come here.
        assert!(matches!(answer.status, 400 | 404) && !answer.body.contains("secret"), "{path}: {answer:?}");
        if path.ends_with(ID) && !path.contains('%') {
            assert_eq!(
                (answer.status, &answer.body),
                (unknown.status, &unknown.body),
                "it can't be told from what isn't there"
            );
        }
    }
}

#[tokio::test]
async fn long_conversations_come_in_pieces() {
    let world = World::new(Mode::Subpath).await;
    let content: String = (0..1200).map(|number| line("user", &number.to_string())).collect();
    keep(&world, "smoke", ID, &content);
    let mut browser = world.signed_in("smoke").await;
    let mut read = async |query: &str| {
        let answer = browser.get(&world.url(&format!("/history/{ID}{query}"))).await.json();
        let entries = answer["entries"].as_array().unwrap().clone();
        (entries.len(), entries.first().map(|entry| entry["text"].clone()), answer["first"].clone())
    };
    assert_eq!(read("").await, (500, Some(json!("700")), json!(700)));
    assert_eq!(read("?before=700").await, (500, Some(json!("200")), json!(200)));
    assert_eq!(read("?before=200").await, (200, Some(json!("0")), json!(0)));
    assert_eq!(read("?limit=2").await, (2, Some(json!("1198")), json!(1198)));
    assert_eq!(read("?limit=999999&before=999999").await, (500, Some(json!("700")), json!(700)));
    assert_eq!(read("?limit=0&before=0").await, (0, None, json!(0)));
    assert_eq!(browser.get(&world.url(&format!("/history/{ID}?limit=-1"))).await.status, 400);
}

#[tokio::test]
async fn new_conversations_have_ids_and_no_files() {
    let world = World::new(Mode::Subpath).await;
    let mut browser = world.signed_in("smoke").await;
    let origin = world.origin();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = browser.post(&world.url("/new"), &origin, &[]).await;
        assert_eq!(answer.status, 201);
        ids.push(answer.json()["conversation_id"].as_str().unwrap().to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(browser.get(&world.url(&format!("/history/{}", ids[0]))).await.status, 404);
    assert_eq!(browser.get(&world.url("/new")).await.status, 405, "a link makes nothing");
}
