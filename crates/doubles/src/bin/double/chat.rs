//! A chat.

use std::convert::Infallible;
use std::time::Duration;

use doubles::chat::{Chat, Defect, Settings};
use doubles::outbound::Outbound;
use serve::Log;

use crate::Environment;
use crate::listen::listen;

/// Serves until the process ends, by the chat's own settings.
///
/// `CHAT_DEFECTS` names the mistakes that it is built with, with commas between; `CHAT_WORD_DELAY_MS` is how long a word of an answer takes. Calls
/// trust the certificates in `SSL_CERT_FILE` and `SSL_CERT_DIR`, as the chat's do.
///
/// # Errors
/// A setting that it can't take; the address isn't free.
pub(crate) async fn serve(environment: &Environment, log: Log) -> Result<Infallible, String> {
    let value = |name: &str| environment.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let pairs = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = Settings::read(pairs).map_err(|error| error.to_string())?;
    let defects =
        Defect::list(value("CHAT_DEFECTS").unwrap_or_default()).map_err(|error| format!("CHAT_DEFECTS: {error}"))?;
    let delay = value("CHAT_WORD_DELAY_MS").unwrap_or("30");
    let delay: u64 =
        delay.parse().map_err(|_| format!("CHAT_WORD_DELAY_MS: expected a number of milliseconds, found `{delay}`"))?;
    let names: Vec<&str> = defects.iter().map(|defect| defect.name()).collect();
    let listener = listen(&settings.listen).await?;
    let chat =
        Chat::builder(settings).word_delay(Duration::from_millis(delay)).outbound(Outbound::default()).log(log.clone());
    let chat = chat.defects(defects.iter().copied()).serve(listener).map_err(|error| error.to_string())?;
    log.line(format!("the chat (a double) listens at {}; its defects: [{}]", chat.addr(), names.join(", ")));
    std::future::pending().await
}
