//! The double's settings, and its builder.

use std::io;
use std::time::Duration;

use serve::Log;
use tokio::net::TcpListener;

use super::answer::Answer;
use super::server::Messages;

/// What a model charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// What the request cost.
    pub input_tokens: u64,
    /// What the answer cost.
    pub output_tokens: u64,
}

/// How the double behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The script: the first answer that fits a prompt is given.
    pub answers: Vec<Answer>,
    /// How long each token takes.
    pub token_delay: Duration,
    /// What every request costs; counted by words where there is none.
    pub usage: Option<Usage>,
    /// The API keys that are known; any where there are none.
    pub keys: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let answers = vec![Answer::says("You said: {prompt}")];
        Self { answers, token_delay: Duration::ZERO, usage: None, keys: Vec::new() }
    }
}

/// Makes a [`Messages`].
#[derive(Debug, Clone, Default)]
pub struct Builder {
    settings: Settings,
    script: Vec<Answer>,
    log: Log,
}

impl Builder {
    /// Adds an answer to the script. Where none fits, the prompt comes back: `You said: …`.
    #[must_use]
    pub fn answer(mut self, answer: Answer) -> Self {
        self.script.push(answer);
        self
    }

    /// How long each token takes.
    #[must_use]
    pub fn token_delay(mut self, delay: Duration) -> Self {
        self.settings.token_delay = delay;
        self
    }

    /// What every request costs.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.settings.usage = Some(usage);
        self
    }

    /// An API key that is known; others are not, then.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.settings.keys.push(key.to_owned());
        self
    }

    /// Where it logs.
    #[must_use]
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// Serves at the listener.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(mut self, listener: TcpListener) -> io::Result<Messages> {
        self.settings.answers.splice(0..0, self.script);
        Messages::start(self.settings, self.log, listener)
    }
}
