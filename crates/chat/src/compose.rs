//! The chat's part of a deployment's Compose file, as its settings want it.
//!
//! Two things depend on them: whether an identity is mounted, and which volume holds the project. No value of a secret is in the text: Compose fills in what the
//! deployment's `.env` has.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::config::Problem;
use crate::identity::plan::{INSIDE, Plan};

/// The settings that are passed on from the deployment's own.
const PASSED: [&str; 23] = [
    "ANTHROPIC_BASE_URL",
    "CHAT_ACTION_REPOS",
    "CHAT_CLAUDE_MODEL",
    "CHAT_GATE_REDIRECT",
    "CHAT_MAX_REQUESTS_PER_DAY",
    "CHAT_MAX_REQUESTS_PER_HOUR",
    "CHAT_MAX_TOKENS_PER_DAY",
    "CHAT_OAUTH_CLIENT_ID",
    "CHAT_OAUTH_CLIENT_SECRET",
    "CHAT_PUBLIC_URL",
    "DISINTO_CHAT_ALLOWED_USERS",
    "EDGE_ROUTING_MODE",
    "EDGE_TUNNEL_FQDN",
    "EDGE_TUNNEL_FQDN_CHAT",
    "FORGE_OWNER",
    "FORGE_PUBLIC_URL",
    "FORGE_REPO",
    "FORGE_TOKEN",
    "FORGE_URL",
    "FORWARD_AUTH_SECRET",
    "WOODPECKER_HOST",
    "WOODPECKER_TOKEN",
    "WOODPECKER_URL",
];

/// Where the project is inside the container.
const WORKSPACE: &str = "/workspace";

/// What a folder in memory is mounted with: for the chat's user alone.
const IN_MEMORY: &str = "uid=1000,gid=1000,mode=0700";

/// The text for the settings of a host: `ANTHROPIC_API_KEY`, `CHAT_CLAUDE_DIR`, `CHAT_IMAGE`, `CHAT_WORKSPACE_VOLUME` (the volume with the project). `resolve`
/// follows links.
///
/// # Errors
/// The identity's folder is the agents', or can't be told; a name can't be one.
pub fn part(values: &BTreeMap<String, String>, resolve: &dyn Fn(&Path) -> PathBuf) -> Result<String, Problem> {
    let given = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let plan = Plan::of(values, resolve)?;
    let workspace = given("CHAT_WORKSPACE_VOLUME").map(|name| volume("CHAT_WORKSPACE_VOLUME", name)).transpose()?;
    let mut out = String::from("services:\n  chat:\n    image: ${CHAT_IMAGE:-edge-smoke/chat:");
    // Writing to a string can't fail.
    let _ = writeln!(out, "{}}}\n    environment:", env!("CARGO_PKG_VERSION"));
    for name in PASSED {
        let _ = writeln!(out, "      {name}: ${{{name}:-}}");
    }
    if plan == Plan::Key {
        let _ = writeln!(out, "      ANTHROPIC_API_KEY: ${{ANTHROPIC_API_KEY:?}}");
    }
    for (name, value) in Plan::environment() {
        let _ = writeln!(out, "      {name}: {value}");
    }
    let _ = writeln!(out, "      CHAT_WORKSPACE_DIR: {WORKSPACE}");
    let _ = writeln!(out, "    volumes:\n      - chat-data:/var/lib/chat");
    if let Some(name) = &workspace {
        let _ = writeln!(out, "      - {name}:{WORKSPACE}");
    }
    if let Plan::Folder { source } = &plan {
        let _ = writeln!(out, "      - {}", quoted(&format!("{}:{INSIDE}", source.display())));
    }
    let _ = writeln!(out, "    tmpfs:\n      - /tmp:{IN_MEMORY}");
    if plan == Plan::Key {
        let _ = writeln!(out, "      - {INSIDE}:{IN_MEMORY}");
    }
    if workspace.is_none() {
        let _ = writeln!(out, "      - {WORKSPACE}:{IN_MEMORY}");
    }
    out.push_str(HARDENED);
    out.push_str("\nvolumes:\n  chat-data: {}\n");
    if let Some(name) = &workspace {
        let _ = writeln!(out, "  {name}:\n    external: true");
    }
    Ok(out)
}

/// What doesn't depend on anything.
const HARDENED: &str = r#"    healthcheck:
      test: [CMD, /usr/local/bin/chat, healthcheck]
      interval: 5s
      timeout: 5s
      retries: 5
      start_period: 60s
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 512m
    pids_limit: 128
    restart: unless-stopped
"#;

/// A volume's name, as engines allow it.
fn volume(setting: &str, name: &str) -> Result<String, Problem> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if is_plain && name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Ok(name.to_owned());
    }
    let message = format!("expected a volume's name (letters, digits, `_`, `.`, `-`), found `{}`", name.escape_debug());
    Err(Problem { setting: setting.to_owned(), message })
}

/// A text as YAML, in which Compose finds no variable.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: &[(&str, &str)]) -> Result<String, String> {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        part(&values, &Path::to_owned).map_err(|problem| format!("{}: {}", problem.setting, problem.message))
    }

    #[test]
    fn with_a_key_nothing_of_an_identity_is_mounted() {
        let text = text(&[("HOME", "/home/op"), ("ANTHROPIC_API_KEY", "sk-ant-1"), ("CHAT_WORKSPACE_VOLUME", "tree")])
            .unwrap();
        assert!(!text.contains("/home/op") && !text.contains("sk-ant-1"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn without_one_the_chat_s_own_folder_is() {
        let text = text(&[("HOME", "/home/o'p$1")]).unwrap();
        assert!(text.contains("      - '/home/o''p$$1/.claude-chat:/home/chat/.claude-chat'\n"), "{text}");
        assert!(!text.contains("ANTHROPIC_API_KEY") && !text.contains("- /home/chat/.claude-chat:uid"), "{text}");
        // No project: the command works in an empty folder, which is gone with the container.
        assert!(text.contains("- /workspace:uid=1000") && !text.contains("external"), "{text}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (values, words) in [
            (&[("HOME", "/home/op"), ("CHAT_CLAUDE_DIR", "/home/op/.claude")][..], "CHAT_CLAUDE_DIR: "),
            (
                &[("HOME", "/home/op"), ("CHAT_WORKSPACE_VOLUME", "/srv/tree")],
                "CHAT_WORKSPACE_VOLUME: expected a volume's name",
            ),
            (&[("HOME", "/home/op"), ("CHAT_WORKSPACE_VOLUME", "a: b")], "CHAT_WORKSPACE_VOLUME: "),
        ] {
            assert!(text(values).unwrap_err().starts_with(words), "{values:?}");
        }
    }
}
