//! The chat: the real service, in this process, with a command that stands in for the real one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chat::turn::Launcher;
use chat::{Chat, Config};
use doubles::outbound::Outbound;
use scenario::model::Service;
use serve::Log;
use tempfile::TempDir;
use verdict::evidence::Trouble;

use super::running::GRACE;
use super::trouble;

/// Says back what it is asked, word by word. The messages double of `fixtures/compose.yml` answers the real command the same.
const STAND_IN: &str = include_str!("stand_in.sh");

/// A folder with all that the chat keeps, and with the command. It goes with the value.
#[derive(Debug)]
pub(super) struct Home(TempDir);

impl Home {
    /// Makes one.
    pub(super) fn new() -> Result<Self, Trouble> {
        let failed = |error: io::Error| trouble(Service::Chat, format!("there is no folder for it: {error}"));
        let folder = tempfile::Builder::new().prefix("edge-smoke-chat-").tempdir().map_err(failed)?;
        let home = Self(folder);
        fs::create_dir(home.workspace()).map_err(failed)?;
        fs::write(home.command(), STAND_IN).map_err(failed)?;
        fs::set_permissions(home.command(), fs::Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(home)
    }

    fn workspace(&self) -> PathBuf {
        self.0.path().join("workspace")
    }

    fn command(&self) -> PathBuf {
        self.0.path().join("claude")
    }

    /// The settings that follow from it.
    pub(super) fn settings(&self) -> [(&'static str, String); 6] {
        let text = |path: &Path| path.display().to_string();
        let inside = |name: &str| text(&self.0.path().join(name));
        [
            ("CHAT_CLAUDE_COMMAND", text(&self.command())),
            ("CHAT_CLAUDE_DIR", inside("identity")),
            ("CHAT_HISTORY_DIR", inside("history")),
            ("CHAT_STATE_DIR", inside("state")),
            ("CHAT_WORKSPACE_DIR", text(&self.workspace())),
            ("TMPDIR", text(self.0.path())),
        ]
    }
}

/// What its environment comes to.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(environment: &BTreeMap<String, String>, outbound: Outbound) -> Result<Config, Trouble> {
    let mut config = Config::read(environment).map_err(|error| Trouble {
        help: Some("change or remove the setting".to_owned()),
        ..trouble(Service::Chat, error.to_string())
    })?;
    // It runs no model, and nothing that somebody else wrote.
    config.turn.launcher = Launcher::Unconfined;
    config.outbound = outbound;
    Ok(config)
}

/// A chat that can be stopped, started again, and told other settings.
#[derive(Debug)]
pub(super) struct Chatting {
    config: Config,
    /// What it was told, by which another telling is known.
    environment: BTreeMap<String, String>,
    /// Kept so that a chat with other settings can take over at the same port; `None` while it is stopped.
    listener: Option<TcpListener>,
    running: Option<Chat>,
}

impl Chatting {
    /// Serves at the listener.
    pub(super) fn start(
        environment: BTreeMap<String, String>,
        config: Config,
        listener: tokio::net::TcpListener,
    ) -> Result<Self, Trouble> {
        let failed = |error: io::Error| trouble(Service::Chat, format!("it can't listen: {error}"));
        let mut chatting = Self { config, environment, listener: None, running: None };
        chatting.listener = Some(listener.into_std().map_err(failed)?);
        chatting.run().map_err(failed)?;
        Ok(chatting)
    }

    fn run(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        // The one before ends first: both would keep the same conversations.
        self.running = None;
        self.running = Some(Chat::start(self.config.clone(), listener).map_err(io::Error::other)?);
        Ok(())
    }

    /// Tells it other settings: it is another start of the program, with all that it kept.
    pub(super) fn reconfigure(&mut self, environment: BTreeMap<String, String>, config: Config) -> Result<(), Trouble> {
        if environment == self.environment {
            return Ok(());
        }
        (self.environment, self.config) = (environment, config);
        self.run().map_err(|error| trouble(Service::Chat, format!("it doesn't start again: {error}")))
    }

    /// The requests that it answered since its start.
    pub(super) fn log(&self) -> Option<&Log> {
        self.running.as_ref().map(Chat::log)
    }

    /// Stops it; its port is free then.
    pub(super) async fn pause(&mut self) {
        self.listener = None;
        if let Some(chat) = self.running.take() {
            chat.shutdown(GRACE).await;
        }
    }

    /// Starts it again.
    pub(super) fn resume(&mut self, listener: tokio::net::TcpListener) -> io::Result<()> {
        self.listener = Some(listener.into_std()?);
        self.run()
    }
}
