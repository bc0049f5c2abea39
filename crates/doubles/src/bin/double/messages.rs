//! A model behind the Messages API.

use std::convert::Infallible;
use std::time::Duration;

use doubles::messages::{Answer, Messages};
use serve::Log;

use crate::Environment;
use crate::listen::listen;

/// Serves until the process ends, at `DOUBLE_ADDR`.
///
/// `MESSAGES_ANSWERS` is the script, a list in JSON; `MESSAGES_TOKEN_DELAY_MS` is how long each token takes; `MESSAGES_KEY` is the one API key that is known.
///
/// # Errors
/// A setting that it can't take; the address isn't free.
pub(crate) async fn serve(environment: &Environment, log: Log) -> Result<Infallible, String> {
    let value = |name: &str| environment.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let script: Vec<Answer> = serde_json::from_str(value("MESSAGES_ANSWERS").unwrap_or("[]"))
        .map_err(|error| format!("MESSAGES_ANSWERS: expected a list of answers: {error}"))?;
    let delay = value("MESSAGES_TOKEN_DELAY_MS").unwrap_or("0");
    let delay: u64 = delay
        .parse()
        .map_err(|_| format!("MESSAGES_TOKEN_DELAY_MS: expected a number of milliseconds, found `{delay}`"))?;
    let mut messages = Messages::builder().token_delay(Duration::from_millis(delay)).log(log.clone());
    messages = script.into_iter().fold(messages, doubles::messages::Builder::answer);
    if let Some(key) = value("MESSAGES_KEY") {
        messages = messages.key(key);
    }
    let listener = listen(value("DOUBLE_ADDR").unwrap_or(":8080")).await?;
    let messages = messages.serve(listener).map_err(|error| error.to_string())?;
    log.line(format!("the model (a double) listens at {}", messages.address()));
    std::future::pending().await
}
