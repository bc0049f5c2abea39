//! The program `chat`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use chat::{Chat, Config};

#[tokio::main]
async fn main() -> ExitCode {
    let values: BTreeMap<String, String> = std::env::vars().collect();
    match serve(&values).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nothing is left to tell it to if standard error is closed.
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::from(64)
        }
    }
}

async fn serve(values: &BTreeMap<String, String>) -> Result<(), String> {
    let config = Config::read(values).map_err(|error| error.to_string())?;
    let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|error| error.to_string())?;
    let chat = Chat::start(config, listener).map_err(|error| error.to_string())?;
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
    chat.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
