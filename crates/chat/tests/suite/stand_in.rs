//! A command that stands in for the real one: it prints the lines of a script, and waits where the script says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The command's own session, as it says.
pub(crate) const SESSION: &str = "3f1de1d2-5b7a-4f8e-9c11-2b1f6a7d8e90";

/// `#wait NAME` waits for a file, `#exit N` ends. Where there is a file `lost` it knows no session any more.
const PROGRAM: &str = r##"#!/bin/sh
printf '%s\n' "$@" > arguments
cat > prompt
case "$*" in *--resume*) [ ! -e lost ] || exit 1 ;; esac
echo "$$" > pid
while IFS= read -r line; do
  case $line in
    "#wait "*) until [ -e "${line#\#wait }" ]; do sleep 0.01; done ;;
    "#exit "*) exit "${line#\#exit }" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < script
"##;

/// The command with its workspace.
pub(crate) struct StandIn {
    folder: TempDir,
}

impl StandIn {
    /// A command that answers with these pieces.
    pub(crate) fn answering(pieces: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("command");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("workspace")).unwrap();
        let stand_in = Self { folder };
        stand_in.answers(pieces);
        stand_in
    }

    /// From now on it is this shell script instead; nothing where there is to be no command at all.
    pub(crate) fn becomes(&self, script: Option<&str>) {
        let program = self.folder.path().join("command");
        // Another file: the one that is there may be under way.
        fs::remove_file(&program).unwrap();
        if let Some(script) = script {
            fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// It is as it was made again.
    pub(crate) fn recovers(&self) {
        let program = self.folder.path().join("command");
        // It may not be there.
        let _ = fs::remove_file(&program);
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The settings of a chat that uses it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            ("CHAT_CLAUDE_COMMAND", path("command")),
            ("CHAT_WORKSPACE_DIR", path("workspace")),
            ("CHAT_CLAUDE_DIR", path("identity")),
            ("ANTHROPIC_API_KEY", "key".to_owned()),
            ("CHAT_TURNS", "2".to_owned()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
        ]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("workspace").join(name)
    }

    /// The next turns answer with these pieces. `#wait NAME` and `#exit N` are the script's.
    pub(crate) fn answers(&self, pieces: &[&str]) {
        let mut lines = vec![json!({ "type": "system", "subtype": "init", "session_id": SESSION }).to_string()];
        let event = |event: Value| json!({ "type": "stream_event", "event": event }).to_string();
        lines.push(event(json!({ "type": "message_start", "message": { "usage": { "input_tokens": 7 } } })));
        lines.push(event(json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text" } })));
        let mut text = String::new();
        for piece in pieces {
            if piece.starts_with("#wait ") || piece.starts_with("#exit ") {
                lines.push((*piece).to_owned());
                continue;
            }
            text.push_str(piece);
            let delta = json!({ "type": "text_delta", "text": piece });
            lines.push(event(json!({ "type": "content_block_delta", "index": 0, "delta": delta })));
        }
        lines.push(event(json!({ "type": "content_block_stop", "index": 0 })));
        let content = json!([{ "type": "text", "text": text }]);
        lines.push(json!({ "type": "assistant", "message": { "content": content } }).to_string());
        let usage = json!({ "input_tokens": 7, "output_tokens": pieces.len() });
        let result = json!({
            "type": "result", "subtype": "success", "is_error": false, "result": text, "session_id": SESSION, "usage": usage,
        });
        lines.push(result.to_string());
        fs::write(self.file("script"), lines.join("\n") + "\n").unwrap();
    }

    /// Lets the script go on that waits for this.
    pub(crate) fn release(&self, name: &str) {
        fs::write(self.file(name), "").unwrap();
    }

    /// The arguments of the last turn, and what it was asked.
    pub(crate) fn asked(&self) -> (Vec<String>, String) {
        let arguments = fs::read_to_string(self.file("arguments")).unwrap();
        (arguments.lines().map(ToOwned::to_owned).collect(), fs::read_to_string(self.file("prompt")).unwrap())
    }

    /// Whether a turn was ever run.
    pub(crate) fn was_run(&self) -> bool {
        self.file("prompt").exists()
    }

    /// Waits until the last turn's process is gone.
    pub(crate) async fn gone(&self) {
        let pid = fs::read_to_string(self.file("pid")).unwrap();
        let process = PathBuf::from("/proc").join(pid.trim());
        for _ in 0..1_000 {
            if !process.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {pid} goes on");
    }
}
