//! The JSON Schema of the report, from the types themselves.

use super::Report;

/// The JSON Schema (draft 2020-12) of `report.json`, as indented JSON that ends in a line feed.
///
/// # Errors
/// None that is known: all keys are text.
pub fn schema() -> Result<String, serde_json::Error> {
    let schema = schemars::schema_for!(Report);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}
