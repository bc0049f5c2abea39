//! Embedded (until the module lands).

use scenario::model::Service;
use verdict::evidence::Trouble;

use super::{Needs, StackOptions};

/// Services.
pub const SERVICES: &[Service] = &[];

/// Up.
///
/// # Errors
/// Always.
pub async fn up(_needs: &Needs, _options: &StackOptions) -> Result<super::external::External, Trouble> {
    Err(Trouble { service: None, message: "not there".into(), help: None, log: Vec::new() })
}
