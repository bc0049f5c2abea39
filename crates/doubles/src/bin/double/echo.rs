//! The echo.

use std::convert::Infallible;

use doubles::echo::Echo;
use serve::Log;

use crate::Environment;
use crate::listen::listen;

/// Serves until the process ends, at `DOUBLE_ADDR`.
///
/// # Errors
/// The address isn't free.
pub(crate) async fn serve(environment: &Environment, log: Log) -> Result<Infallible, String> {
    let address = environment.iter().find(|(name, _)| name == "DOUBLE_ADDR").map_or(":8080", |(_, value)| value);
    let listener = listen(address).await?;
    let echo = Echo::serve(listener).map_err(|error| error.to_string())?;
    log.line(format!("the echo listens at {}", echo.address()));
    std::future::pending().await
}
