//! Suites that need something which isn't everywhere.

use std::io::Write;

/// Whether a test that needs `what` may run. Where it can't, and `EDGE_SMOKE_REQUIRE` (a list with commas) doesn't name `what`, it is skipped with a message
/// that says why; where it is named, a skip is a failure.
pub(crate) fn require(what: &str, there: Result<(), String>) -> bool {
    let Err(why) = there else { return true };
    let required = std::env::var("EDGE_SMOKE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == what), "EDGE_SMOKE_REQUIRE names {what}, but {why}");
    // Past the capturing of the test harness: a skipped test must be seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: no {what} here: {why}");
    false
}
