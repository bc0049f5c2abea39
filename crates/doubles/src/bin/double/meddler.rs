//! The meddler before one service.

use std::convert::Infallible;

use doubles::meddler::{Meddler, Rule, Rules};
use serve::Log;

use crate::Environment;
use crate::listen::listen;

/// Serves until the process ends, at `DOUBLE_ADDR`.
///
/// # Errors
/// There is no upstream, a rule is wrong, the address isn't free.
pub(crate) async fn serve(environment: &Environment, log: Log) -> Result<Infallible, String> {
    let value = |name: &str| environment.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    let upstream = value("MEDDLER_UPSTREAM").ok_or("MEDDLER_UPSTREAM: set it to the service's HOST:PORT")?;
    let rules: Vec<Rule> = serde_json::from_str(value("MEDDLER_RULES").unwrap_or("[]"))
        .map_err(|error| format!("MEDDLER_RULES: expected a list of rules: {error}"))?;
    let rules = Rules::new(&rules).map_err(|why| format!("MEDDLER_RULES: {why}"))?;
    let listener = listen(value("DOUBLE_ADDR").unwrap_or(":8080")).await?;
    let meddler =
        Meddler::serve(listener, upstream.to_owned(), rules, log.clone()).map_err(|error| error.to_string())?;
    log.line(format!("the meddler before {upstream} listens at {}", meddler.address()));
    std::future::pending().await
}
