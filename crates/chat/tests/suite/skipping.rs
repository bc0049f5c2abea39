//! Tests that need something which isn't everywhere.

use std::io::Write as _;

/// Says that a test is skipped, and fails where it must not be: where `EDGE_SMOKE_REQUIRE` (a list with commas) names what it needs.
pub(crate) fn skipped(what: &str, why: &str) {
    let required =
        std::env::var("EDGE_SMOKE_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name.trim() == what));
    assert!(!required, "EDGE_SMOKE_REQUIRE names {what}: {why}");
    // Past the capturing of the test harness: a skipped test must be seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}
