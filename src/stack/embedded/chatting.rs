//! The chat: the real service, in this process, with a command that stands in for the real one; or, where it is to have defects, its double.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chat::turn::Launcher;
use chat::{Chat, Config};
use doubles::chat::{Builder, Defect, Settings};
use doubles::outbound::Outbound;
use scenario::model::Service;
use serve::Log;
use tempfile::TempDir;
use verdict::evidence::Trouble;

use super::running::GRACE;
use super::trouble;
use crate::stack::StackOptions;

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

/// What a chat is told at its start.
#[derive(Debug, Clone)]
pub(super) struct Told {
    environment: BTreeMap<String, String>,
    config: Config,
    /// Where the double is to serve: how that is told the same.
    double: Option<Builder>,
    defects: Option<BTreeSet<Defect>>,
}

/// What its environment comes to.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(
    environment: BTreeMap<String, String>,
    outbound: Outbound,
    options: &StackOptions,
) -> Result<Told, Trouble> {
    let wrong = |message: String| Trouble {
        help: Some("change or remove the setting".to_owned()),
        ..trouble(Service::Chat, message)
    };
    let mut config = Config::read(&environment).map_err(|error| wrong(error.to_string()))?;
    let defects = options.defects.get(&Service::Chat).cloned();
    let double = defects.as_ref().map(|defects| double(&environment, &outbound, defects)).transpose();
    let double = double.map_err(|error| wrong(error.to_string()))?;
    // It runs no model, and nothing that somebody else wrote.
    config.turn.launcher = Launcher::Unconfined;
    config.outbound = outbound;
    Ok(Told { environment, config, double, defects })
}

/// The double by the same settings, with these mistakes.
fn double(
    environment: &BTreeMap<String, String>,
    outbound: &Outbound,
    defects: &BTreeSet<Defect>,
) -> Result<Builder, doubles::chat::SettingsError> {
    let settings = Settings::read(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    Ok(doubles::chat::Chat::builder(settings).defects(defects.iter().copied()).outbound(outbound.clone()))
}

/// A chat that can be stopped, started again, and told other settings.
#[derive(Debug)]
pub(super) struct Chatting {
    told: Told,
    /// Kept so that a chat with other settings can take over at the same port; `None` while it is stopped.
    listener: Option<TcpListener>,
    running: Option<Serving>,
}

/// What serves as the chat.
#[derive(Debug)]
enum Serving {
    Real(Box<Chat>),
    Double(doubles::chat::Chat),
}

impl Chatting {
    /// Serves at the listener.
    pub(super) fn start(told: Told, listener: tokio::net::TcpListener) -> Result<Self, Trouble> {
        let failed = |error: io::Error| trouble(Service::Chat, format!("it can't listen: {error}"));
        let listener = Some(listener.into_std().map_err(failed)?);
        let mut chatting = Self { told, listener, running: None };
        chatting.run().map_err(failed)?;
        Ok(chatting)
    }

    fn run(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        // The one before ends first: both would keep the same conversations.
        self.running = None;
        self.running = Some(match self.told.double.clone() {
            Some(double) => Serving::Double(double.serve(listener)?),
            None => {
                let chat = Chat::start(self.told.config.clone(), listener).map_err(io::Error::other)?;
                Serving::Real(Box::new(chat))
            }
        });
        Ok(())
    }

    /// Tells it other settings: it is another start of the program, with all that it kept. Says whether it was told anything new.
    pub(super) fn reconfigure(&mut self, told: Told) -> Result<bool, Trouble> {
        let is_same_program = told.defects == self.told.defects;
        if is_same_program && told.environment == self.told.environment {
            return Ok(false);
        }
        self.told = told;
        match (&self.running, &self.told.double) {
            (Some(Serving::Double(running)), Some(double)) if is_same_program => {
                running.reconfigure(double.settings().clone());
            }
            _ => self.run().map_err(|error| trouble(Service::Chat, format!("it doesn't start again: {error}")))?,
        }
        Ok(true)
    }

    /// The requests that it answered since its start.
    pub(super) fn log(&self) -> Option<&Log> {
        self.running.as_ref().map(|running| match running {
            Serving::Real(chat) => chat.log(),
            Serving::Double(chat) => chat.log(),
        })
    }

    /// Stops it; its port is free then.
    pub(super) async fn pause(&mut self) {
        self.listener = None;
        match self.running.take() {
            Some(Serving::Real(chat)) => chat.shutdown(GRACE).await,
            // It keeps on no disk what it is to know when it is started again.
            Some(Serving::Double(mut chat)) => {
                chat.pause(GRACE).await;
                self.running = Some(Serving::Double(chat));
            }
            None => {}
        }
    }

    /// Starts it again.
    pub(super) fn resume(&mut self, listener: tokio::net::TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        let again = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        self.listener = Some(listener);
        match &mut self.running {
            Some(Serving::Double(chat)) => chat.resume(again),
            _ => self.run(),
        }
    }
}
