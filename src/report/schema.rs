//! The JSON Schema of the report, from the types themselves.

use schemars::generate::SchemaSettings;

use super::Report;

/// The JSON Schema (draft 2020-12) of `report.json`, as indented JSON that ends in a line feed.
///
/// # Errors
/// None that is known: all keys are text.
pub fn schema() -> Result<String, serde_json::Error> {
    // What is written, rather than what is read: a reader can count on every field that is always there.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Report>();
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}
