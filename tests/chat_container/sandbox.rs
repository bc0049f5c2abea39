//! The sandbox, and a prompt in it.

use std::process::Command;

use serde_json::Value;

use crate::identity::{ACCESS_TOKEN, Identity};
use crate::stood::{Stood, docker, is_possible};

/// What `verify-chat-sandbox` says of a container: its exit code, and the promises that are broken, with where they are seen from.
pub(crate) fn verify(container: &str) -> (Option<i32>, Vec<String>) {
    let program = env!("CARGO_BIN_EXE_edge-smoke");
    let output = Command::new(program).args(["verify-chat-sandbox", container, "--format", "json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let verification: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let broken = |part: &str| -> Vec<String> {
        let promises = verification[part].as_array().unwrap();
        assert!(promises.len() > 10, "{verification:#}");
        let broken = promises.iter().filter(|promise| promise["kept"] != true);
        broken
            .map(|promise| {
                format!("{part}: {} ({})", promise["name"].as_str().unwrap(), promise["seen"].as_str().unwrap())
            })
            .collect()
    };
    (output.status.code(), [broken("settings"), broken("inside")].concat())
}

#[test]
fn with_a_key_every_promise_is_kept_nothing_is_mounted_and_a_prompt_is_answered() {
    if !is_possible() {
        return;
    }
    let stood = Stood::up(|_| {}, &[]);
    assert_eq!(verify(&stood.chat()), (Some(0), vec![]));
    let inspected = docker(&["inspect", &stood.chat(), "--format", "{{json .Mounts}}"]);
    let mounts: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    let targets: Vec<&str> =
        mounts.as_array().unwrap().iter().map(|mount| mount["Destination"].as_str().unwrap()).collect();
    assert!(targets.contains(&"/workspace") && !targets.iter().any(|target| target.contains("claude")), "{targets:?}");
    assert_eq!(stood.exec(&["chat", "ask", "is anybody there?"]), (true, "You said: is anybody there?\n".to_owned()));
    // Two at once fit, and nothing of them stays.
    let both = std::thread::scope(|scope| {
        let ask = |prompt| stood.exec(&["chat", "ask", prompt]);
        let turns = ["one", "two"].map(|prompt| scope.spawn(move || ask(prompt)));
        turns.map(|turn| turn.join().unwrap())
    });
    assert_eq!(both, ["one", "two"].map(|prompt| (true, format!("You said: {prompt}\n"))));
    assert_eq!(stood.exec(&["ls", "/tmp"]), (true, String::new()));
    // What another process of the same user sees of the service.
    for path in ["/proc/1/environ", "/proc/1/mem", "/proc/1/maps"] {
        let (is_open, said) = stood.exec(&["cat", path]);
        assert!(!is_open && said.contains("Permission denied"), "{path}: {said}");
    }
}

#[test]
fn with_an_identity_of_its_own_that_is_mounted_and_nothing_else() {
    if !is_possible() {
        return;
    }
    let identity = Identity::new();
    let signed_in = |spec: &mut edge_smoke::stack::containers::compose::model::ServiceSpec| {
        spec.environment.remove("ANTHROPIC_API_KEY");
        spec.tmpfs.remove("/home/chat/.claude-chat");
    };
    // The model knows nobody but who has this identity's token.
    let stood = Stood::beside(&[("MESSAGES_KEY", ACCESS_TOKEN)], signed_in, &["--volume", &identity.mount()]);
    assert_eq!(verify(&stood.chat()), (Some(0), vec![]));
    let mounts = docker(&["inspect", &stood.chat(), "--format", "{{json .Mounts}}"]);
    let mounts: Value = serde_json::from_slice(&mounts.stdout).unwrap();
    let sources: Vec<&Value> = mounts
        .as_array()
        .unwrap()
        .iter()
        .filter(|mount| mount["Type"] == "bind")
        .map(|mount| &mount["Source"])
        .collect();
    assert_eq!(sources, [identity.source().to_str().unwrap()], "and no third folder");
    // Nobody has signed in with it yet, and that is what the command says.
    let (is_answered, said) = stood.exec(&["chat", "ask", "is anybody there?"]);
    assert!(!is_answered && said.contains("the command gave no answer"), "{said}");
    assert!(
        identity.source().join("config/session.lock").exists() && identity.source().join("config/credentials").exists()
    );
    // Somebody has: a prompt is answered, one after the other, and the credentials stay where they are.
    identity.sign_in();
    let both = std::thread::scope(|scope| {
        let ask = |prompt| stood.exec(&["chat", "ask", prompt]);
        let turns = ["one", "two"].map(|prompt| scope.spawn(move || ask(prompt)));
        turns.map(|turn| turn.join().unwrap())
    });
    assert_eq!(both, ["one", "two"].map(|prompt| (true, format!("You said: {prompt}\n"))));
    assert!(identity.credentials().contains(ACCESS_TOKEN));
    assert_eq!(verify(&stood.chat()), (Some(0), vec![]));
}

#[test]
fn each_promise_that_is_broken_is_named() {
    if !is_possible() {
        return;
    }
    let theirs = tempfile::tempdir().unwrap();
    std::fs::create_dir(theirs.path().join(".claude")).unwrap();
    let mount = format!("{}/.claude:/opt/agents", theirs.path().display());
    let weak = |spec: &mut edge_smoke::stack::containers::compose::model::ServiceSpec| {
        spec.read_only = false;
        spec.cap_drop.clear();
        spec.security_opt.clear();
        spec.mem_limit = Some(1024 * 1024 * 1024);
        spec.pids_limit = Some(512);
        spec.user = Some("0:0".to_owned());
        spec.volumes.retain(|mount| mount.target != "/workspace");
    };
    let stood = Stood::up(weak, &["--volume", &mount, "--publish", "127.0.0.1::8080"]);
    let (code, broken) = verify(&stood.chat());
    assert_eq!(code, Some(1));
    for (part, names) in [
        (
            "settings",
            &[
                "read-only-root",
                "no-capabilities",
                "no-new-privileges",
                "memory",
                "pids",
                "not-root",
                "not-published",
                "workspace",
                "agents-identity-absent",
            ][..],
        ),
        (
            "inside",
            &[
                "read-only-root",
                "no-capabilities",
                "no-new-privileges",
                "memory",
                "pids",
                "not-root",
                "workspace",
                "agents-identity-absent",
            ],
        ),
    ] {
        for name in names {
            let expected = format!("{part}: {name} (");
            assert!(broken.iter().any(|broken| broken.starts_with(&expected)), "{expected}: {broken:#?}");
        }
    }
    // And what was left alone is kept.
    assert!(
        !broken.iter().any(|broken| broken.contains("temporary-in-memory") || broken.contains("own-namespaces")),
        "{broken:#?}"
    );
}

#[test]
fn a_container_that_is_not_there_is_named() {
    if !is_possible() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_edge-smoke"))
        .args(["verify-chat-sandbox", "no-such-container"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && said.contains("no-such-container"), "{:?} {said}", output.status);
}
