//! Whether the forge is ready.

use http::{Response, StatusCode};
use serde_json::json;
use serve::Body;

use super::settings::Settings;
use super::{answer, clock};

/// `GET /api/healthz`: it is, since all that it needs is in memory.
pub(super) fn answer(settings: &Settings) -> Response<Body> {
    let check = json!([{ "status": "pass", "time": clock::rfc3339(clock::now()) }]);
    let health = json!({
        "status": "pass",
        "description": settings.app_name(),
        "checks": { "cache:ping": check, "database:ping": check },
    });
    answer::content(StatusCode::OK, "application/json", format!("{health:#}"))
}
