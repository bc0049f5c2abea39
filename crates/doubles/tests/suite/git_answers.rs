//! What the forge double answers to git's requests, byte by byte: as Gitea 1.26 answered them.

use doubles::forge::Forge;
use doubles::forge::repositories::Repositories;
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};

async fn forge() -> (Forge, Repositories) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let forge = Forge::builder().user("smoke", "secret").serve(listener).unwrap();
    let repositories = forge.repositories();
    repositories.create("smoke", "demo", Some("main")).unwrap();
    repositories.create("smoke", "empty", None).unwrap();
    (forge, repositories)
}

/// `smoke:secret`
const KNOWN: (&str, &str) = ("authorization", "Basic c21va2U6c2VjcmV0");
/// `smoke:wrong`
const WRONG: (&str, &str) = ("authorization", "Basic c21va2U6d3Jvbmc=");

async fn ask(forge: &Forge, method: &str, target: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    Browser::new(forge.addr()).send(method, target, body, headers).await
}

#[tokio::test]
async fn statuses_and_types() {
    let (forge, repositories) = forge().await;
    repositories.create("smoke", "private", Some("main")).unwrap();
    repositories.set_private("smoke", "private", true);
    let plain = Some("text/plain; charset=utf-8");
    let upload = "/smoke/demo.git/info/refs?service=git-upload-pack";
    let receive = "/smoke/demo.git/info/refs?service=git-receive-pack";
    for (target, headers, status, kind) in [
        (upload, &[][..], 200, Some("application/x-git-upload-pack-advertisement")),
        (
            "/smoke/demo/info/refs?service=git-upload-pack",
            &[],
            200,
            Some("application/x-git-upload-pack-advertisement"),
        ),
        (upload, &[WRONG], 401, plain),
        (receive, &[], 401, plain),
        (receive, &[WRONG], 401, plain),
        (receive, &[KNOWN], 200, Some("application/x-git-receive-pack-advertisement")),
        ("/smoke/private.git/info/refs?service=git-upload-pack", &[], 401, plain),
        (
            "/smoke/private.git/info/refs?service=git-upload-pack",
            &[KNOWN],
            200,
            Some("application/x-git-upload-pack-advertisement"),
        ),
        ("/smoke/nosuch.git/info/refs?service=git-upload-pack", &[], 401, plain),
        ("/smoke/nosuch.git/info/refs?service=git-upload-pack", &[KNOWN], 404, Some("text/plain;charset=utf-8")),
        ("/smoke/nosuch.git/info/refs?service=git-receive-pack", &[KNOWN], 403, Some("text/plain;charset=utf-8")),
        ("/smoke/demo.git/info/refs?service=git-other", &[], 400, None),
        ("/smoke/demo.git/info/refs", &[], 200, plain),
        ("/smoke/demo.git/HEAD", &[], 200, Some("text/plain")),
        ("/smoke/demo.git/git-upload-pack", &[], 405, None),
    ] {
        let answer = ask(&forge, "GET", target, "", headers).await;
        assert_eq!((answer.status, answer.content_type.as_deref()), (status, kind), "{target} {headers:?}");
    }
}

#[tokio::test]
async fn what_is_posted() {
    let (forge, _) = forge().await;
    let upload = ("content-type", "application/x-git-upload-pack-request");
    let receive = ("content-type", "application/x-git-receive-pack-request");
    let text = ("content-type", "text/plain");
    let gzip = ("content-encoding", "gzip");
    for (service, body, headers, status, kind) in [
        ("git-upload-pack", "", &[][..], 400, None),
        ("git-upload-pack", "0000", &[text], 400, None),
        ("git-upload-pack", "0000", &[upload], 200, Some("application/x-git-upload-pack-result")),
        ("git-upload-pack", "garbage", &[upload], 200, Some("application/x-git-upload-pack-result")),
        ("git-upload-pack", "0000", &[upload, gzip], 400, None),
        ("git-upload-pack", "0000", &[upload, ("content-encoding", "br")], 400, None),
        ("git-receive-pack", "0000", &[receive], 401, Some("text/plain; charset=utf-8")),
        ("git-receive-pack", "0000", &[text, KNOWN], 400, None),
        ("git-receive-pack", "0000", &[receive, KNOWN], 200, Some("application/x-git-receive-pack-result")),
        ("git-receive-pack", "garbage", &[receive, KNOWN], 400, Some("application/x-git-receive-pack-result")),
    ] {
        let answer = ask(&forge, "POST", &format!("/smoke/demo.git/{service}"), body, headers).await;
        let found = (answer.status, answer.content_type.as_deref());
        assert_eq!(found, (status, kind), "{service} {body} {headers:?}");
    }
    let unknown = "1".repeat(40);
    let want = format!("0032want {unknown}\n00000009done\n");
    let answer = ask(&forge, "POST", "/smoke/demo.git/git-upload-pack", &want, &[upload]).await;
    assert_eq!(answer.body, format!("0049ERR upload-pack: not our ref {unknown}"));
}

#[tokio::test]
async fn a_push_that_cannot_be_carried_out_changes_nothing() {
    let (forge, repositories) = forge().await;
    let head = repositories.branch("smoke", "demo", "main").unwrap().id;
    let none = "0".repeat(40);
    let receive = ("content-type", "application/x-git-receive-pack-request");
    let push = |old: &str, new: &str, name: &str, pack: &str| {
        let command = format!("{old} {new} {name}\0report-status");
        format!("{:04x}{command}0000{pack}", command.len() + 4)
    };
    for (body, words) in [
        (push(&none, &"1".repeat(40), "refs/heads/a", "PACK"), "unpack the pack ends after 4 bytes"),
        (
            push(&none, &"1".repeat(40), "refs/heads/a", "<html>"),
            "unpack expected a pack (`PACK`, version 2), found `<html>`",
        ),
        (push(&head, &none, "refs/heads/main", ""), "ng refs/heads/main pre-receive hook declined"),
        (push(&"1".repeat(40), &none, "refs/heads/main", ""), "ng refs/heads/main failed to update ref"),
        (push(&none, &none, "refs/heads/../x", ""), "ng refs/heads/../x funny refname"),
    ] {
        let answer = ask(&forge, "POST", "/smoke/demo.git/git-receive-pack", &body, &[receive, KNOWN]).await;
        assert!(answer.status == 200 && answer.body.contains(words), "{}", answer.body);
        assert_eq!(repositories.branches("smoke", "demo").len(), 1);
    }
}

#[tokio::test]
async fn an_empty_repository_and_the_list_for_old_clients() {
    let (forge, repositories) = forge().await;
    let answer = ask(&forge, "GET", "/smoke/empty.git/info/refs?service=git-upload-pack", "", &[]).await;
    assert_eq!(answer.body, "001e# service=git-upload-pack\n00000000");
    let head = repositories.branch("smoke", "demo", "main").unwrap().id;
    let answer = ask(&forge, "GET", "/smoke/demo.git/info/refs", "", &[]).await;
    assert_eq!(answer.body, format!("{head}\trefs/heads/main\n"));
    assert_eq!(ask(&forge, "GET", "/smoke/demo.git/HEAD", "", &[]).await.body, "ref: refs/heads/main\n");
}
