//! What there is to measure: the chat behind its edge, with somebody who is signed in.

use chat::socket::Bounds;
use routes::Mode;
use serde_json::json;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::client::{Client, fields};
use crate::command::{self, Script};
use crate::real_caddy::Caddy;
use crate::service::Service;
use crate::ways::Way;
use crate::world::{Plan, World};

pub(crate) struct Load {
    pub(crate) world: World,
    pub(crate) chat: Service,
    browser: Browser,
    caddy: Option<Caddy>,
    /// The command.
    pub(crate) command: std::path::PathBuf,
    _folder: TempDir,
}

impl Load {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("workspace")).unwrap();
        let command = path(command::NAME);
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &command).unwrap();
        let text = |name: &str| path(name).display().to_string();
        let values = [
            ("CHAT_CLAUDE_COMMAND", text(command::NAME)),
            ("CHAT_WORKSPACE_DIR", text("workspace")),
            ("CHAT_CLAUDE_DIR", text("identity")),
            ("ANTHROPIC_API_KEY", "key".to_owned()),
            ("CHAT_TURNS", "64".to_owned()),
            ("CHAT_MAX_REQUESTS_PER_HOUR", "100000".to_owned()),
            ("CHAT_MAX_REQUESTS_PER_DAY", "100000".to_owned()),
            ("CHAT_MAX_TOKENS_PER_DAY", "1000000000".to_owned()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut world =
            World::stand(Plan { more: &values, bounds: Bounds::default(), ..Plan::new(Mode::Subpath) }).await;
        let browser = world.signed_in("smoke").await;
        // The same in a process of its own, with the sessions of the one before.
        world.chat.take().unwrap().shutdown(std::time::Duration::from_secs(5)).await;
        let chat = Service::chat(&world.values, world.chat_address()).await;
        let caddy = match Way::Caddy.is_possible() {
            true => Some(Caddy::start(&world.site).await),
            false => None,
        };
        Self { world, chat, browser, caddy, command, _folder: folder }
    }

    /// The ways that there are, each with its name.
    pub(crate) fn ways(&self) -> Vec<(&'static str, Way)> {
        let caddy = self.caddy.as_ref().map(|_| ("by Caddy", Way::Caddy));
        [("directly", Way::Direct), ("by the edge", Way::Edge)].into_iter().chain(caddy).collect()
    }

    /// A socket by one of them.
    pub(crate) async fn open(&self, way: Way) -> Client {
        let address = match way {
            Way::Direct => self.world.chat_address(),
            Way::Edge => self.world.edge.addr(),
            Way::Caddy => self.caddy.as_ref().unwrap().address,
        };
        let mut fields = fields(&self.world, &self.browser);
        if way == Way::Direct {
            // What an edge would add.
            fields.push(("x-forwarded-user", "smoke".to_owned()));
        }
        Client::opening_at(address, None, &self.world.url("/ws"), &fields).await.unwrap()
    }
}

/// One turn: how long each piece took, in milliseconds.
pub(crate) async fn turn(client: &mut Client, script: Script) -> Vec<f64> {
    client.send(json!({ "type": "chat_request", "message": script.prompt() })).await;
    let mut delays = Vec::new();
    loop {
        let frame = client.frame().await;
        delays.extend(command::delays(frame["token"].as_str().unwrap_or_default()));
        match frame["type"].as_str() {
            Some("complete") => return delays,
            Some("error") => panic!("{frame}"),
            _ => {}
        }
    }
}
