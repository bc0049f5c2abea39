//! The same by Docker Compose itself, from the files that are shipped.
//!
//! `EDGE_SMOKE_COMPOSE` names a Compose of its own, `docker compose` is used otherwise. Where neither is there the tests are skipped, unless
//! `EDGE_SMOKE_REQUIRE` names `compose`.

use std::process::{Command, Output};

use serde_json::Value;

use crate::identity::{ACCESS_TOKEN, Identity};
use crate::sandbox::verify;
use crate::stood::{docker, is_possible};
use crate::support::require;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/compose.yml");
const WITH_IDENTITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/compose.chat-identity.yml");

/// A project of its own, removed when dropped.
struct Project {
    name: String,
    files: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Project {
    fn new(name: &str, files: &[&str], environment: &[(&'static str, &str)]) -> Self {
        let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let name = format!("edge-smoke-{name}-{}", std::process::id());
        Self { name, files: files.iter().map(|file| (*file).to_owned()).collect(), environment }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = match std::env::var_os("EDGE_SMOKE_COMPOSE") {
            Some(program) => Command::new(program),
            None => {
                let mut command = Command::new("docker");
                command.arg("compose");
                command
            }
        };
        command.args(["--project-name", &self.name]);
        for file in &self.files {
            command.args(["--file", file]);
        }
        // What its own variables are is for the test to say; where the engine is isn't.
        for name in ["FORWARD_AUTH_SECRET", "ANTHROPIC_API_KEY", "CHAT_CLAUDE_DIR", "COMPOSE_FILE", "COMPOSE_PROFILES"]
        {
            command.env_remove(name);
        }
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.envs(environment).args(["--profile", "chat"]).args(arguments).output().unwrap()
    }

    fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The chat as Compose understands it.
    fn chat(&self) -> Value {
        let config: Value = serde_json::from_str(&self.must(&["config", "--format", "json"])).unwrap();
        config["services"]["chat"].clone()
    }

    /// Starts the chat and its model, waits until both are well, and gives the chat's container.
    fn up(&self) -> String {
        self.must(&["up", "--detach", "--wait", "--no-deps", "chat", "model"]);
        self.must(&["ps", "--quiet", "chat"]).trim().to_owned()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.run(&["down", "--volumes", "--timeout", "1"]);
    }
}

fn is_there() -> bool {
    let output = match std::env::var_os("EDGE_SMOKE_COMPOSE") {
        Some(program) => Command::new(program).arg("version").output(),
        None => Command::new("docker").args(["compose", "version"]).output(),
    };
    let there = match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    require("compose", there)
}

const APPLICATION: [(&str, &str); 2] =
    [("CHAT_OAUTH_CLIENT_ID", "id"), ("CHAT_OAUTH_CLIENT_SECRET", "secret-of-the-application")];

fn targets(list: &Value) -> Vec<&str> {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(|mount| mount["target"].as_str()).collect()
}

#[test]
fn with_a_key_it_comes_up_without_an_identity() {
    if !is_there() || !is_possible() {
        return;
    }
    let project = Project::new("key", &[FILE], &APPLICATION);
    let spec = project.chat();
    assert_eq!(targets(&spec["volumes"]), ["/workspace", "/var/lib/chat"], "{spec:#}");
    let chat = project.up();
    assert_eq!(verify(&chat), (Some(0), vec![]));
    let answer = docker(&["exec", &chat, "chat", "ask", "is anybody there?"]);
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "You said: is anybody there?\n");
}

#[test]
fn with_an_identity_it_comes_up_with_that_alone() {
    if !is_there() || !is_possible() {
        return;
    }
    let identity = Identity::new();
    identity.sign_in();
    let source = identity.source().display().to_string();
    let environment = [APPLICATION[0], APPLICATION[1], ("CHAT_CLAUDE_DIR", &source)];
    let project = Project::new("identity", &[FILE, WITH_IDENTITY], &environment);
    let spec = project.chat();
    assert_eq!(targets(&spec["volumes"]), ["/workspace", "/var/lib/chat", "/home/chat/.claude-chat"], "{spec:#}");
    assert!(!spec["tmpfs"].to_string().contains(".claude-chat"), "{spec:#}");
    let chat = project.up();
    assert_eq!(verify(&chat), (Some(0), vec![]));
    let answer = docker(&["exec", &chat, "chat", "ask", "is anybody there?"]);
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "You said: is anybody there?\n");
    assert!(identity.credentials().contains(ACCESS_TOKEN));
}

/// What `chat compose` prints is a file that Compose reads.
#[test]
fn the_part_that_the_chat_prints_is_understood() {
    if !is_there() || !is_possible() {
        return;
    }
    let image = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "edge-smoke/chat"]);
    let image = String::from_utf8(image.stdout).unwrap().lines().next().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    for (name, setting, mounts) in [
        ("key", "ANTHROPIC_API_KEY=sk-ant-test", &["/var/lib/chat", "/workspace"][..]),
        ("identity", "CHAT_CLAUDE_DIR=/srv/chat-identity", &["/var/lib/chat", "/workspace", "/home/chat/.claude-chat"]),
    ] {
        let printed = docker(&[
            "run",
            "--rm",
            "--env",
            setting,
            "--env",
            "CHAT_WORKSPACE_VOLUME=tree",
            "--entrypoint",
            "chat",
            &image,
            "compose",
        ]);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let file = folder.path().join(format!("{name}.yml"));
        std::fs::write(&file, &printed.stdout).unwrap();
        let project =
            Project::new(&format!("part-{name}"), &[file.to_str().unwrap()], &[("ANTHROPIC_API_KEY", "sk-ant-test")]);
        let spec = project.chat();
        assert_eq!(targets(&spec["volumes"]), mounts, "{spec:#}");
        assert_eq!(
            (&spec["read_only"], &spec["cap_drop"]),
            (&Value::Bool(true), &serde_json::json!(["ALL"])),
            "{spec:#}"
        );
        let has_key = spec["environment"]["ANTHROPIC_API_KEY"] == "sk-ant-test";
        assert_eq!(has_key, name == "key", "{spec:#}");
    }
}
