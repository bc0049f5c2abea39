//! The report as data.

use std::path::Path;

use edge_smoke::report::{Report, schema};
use serde_json::{Value, json};

use crate::runs::{errored, failing, mixed, passing};

/// Set to write the schema instead of comparing it.
const UPDATE: &str = "EDGE_SMOKE_UPDATE";

#[test]
fn the_committed_schema_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.json");
    let wanted = schema().expect("a schema");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, &wanted).expect("written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, wanted, "schemas/report.json is out of date: {UPDATE}=1 cargo test --test report writes it");
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    for run in [passing(), failing(), errored(), mixed()] {
        let report = run.report();
        let text = report.to_json().expect("JSON");
        assert_eq!(Report::from_json(&text).expect("a report"), report);
    }
}

/// Every key that the design promises, at its place, and every object closed under its schema.
#[test]
fn the_report_has_the_shape_of_its_schema() {
    let schema: Value = serde_json::from_str(&schema().expect("a schema")).expect("JSON");
    for run in [passing(), failing(), errored(), mixed()] {
        let report: Value = serde_json::from_str(&run.report().to_json().expect("JSON")).expect("JSON");
        conforms(&report, &schema, &schema, "report");
    }
}

/// As much of JSON Schema as the report's needs.
fn conforms(value: &Value, schema: &Value, root: &Value, place: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere");
        return conforms(value, target, root, place);
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        // Only `X or null` is made of an option.
        let choice = choices.iter().find(|choice| (choice["type"] == "null") == value.is_null());
        return conforms(value, choice.unwrap_or(&Value::Null), root, place);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(value, constant, "{place}");
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        // Of objects, each choice is told by the fields that it must have, or by what one of them says.
        let is_told = |choice: &&Value| {
            let required = choice["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut fields = required.map(|name| (&value[name], &choice["properties"][name]["const"]));
            fields.all(|(found, wanted)| !found.is_null() && (wanted.is_null() || found == wanted))
        };
        if value.is_object() {
            let choice = choices.iter().find(is_told);
            return conforms(value, choice.unwrap_or_else(|| panic!("{place}: {value}")), root, place);
        }
        assert!(choices.iter().any(|choice| choice["const"] == *value), "{place}: {value}");
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(object.contains_key(name), "{place} has no {name}");
        }
        for (name, value) in object {
            let property = &schema["properties"][name];
            assert!(property.is_object() || property == true, "{place}.{name} is not in the schema");
            conforms(value, property, root, &format!("{place}.{name}"));
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        let items = schema.get("items").or_else(|| schema.get("prefixItems").and_then(|items| items.get(index)));
        conforms(value, items.expect("items are described"), root, &format!("{place}[{index}]"));
    }
}

#[test]
fn fields_of_a_later_version_are_skipped() {
    let report = failing().report();
    let mut value = serde_json::to_value(&report).expect("JSON");
    value["coverage"] = json!({ "routes": 7 });
    value["scenarios"][0]["steps"][0]["weather"] = json!("fair");
    value["findings"][0]["links"] = json!([]);
    assert_eq!(Report::from_json(&value.to_string()).expect("a report"), report);
}

#[test]
fn what_is_no_report_is_refused_with_a_reason() {
    let later = json!({ "schema": 2, "everything": "else" }).to_string();
    let truncated = failing().report().to_json().expect("JSON").replace("\"verdict\"", "\"judgement\"");
    let table = [
        (later.as_str(), "the report has schema 2, and this version of edge-smoke reads schema 1"),
        ("", "not a report of edge-smoke: EOF while parsing a value at line 1 column 0"),
        ("[]", "not a report of edge-smoke: invalid length 0, expected struct Head with 1 element at line 1 column 2"),
        ("{\"name\": \"a-package\"}", "not a report of edge-smoke: missing field `schema` at line 1 column 21"),
    ];
    for (text, expected) in table {
        let error = Report::from_json(text).expect_err("not a report").to_string();
        assert_eq!(error, expected);
    }
    let error = Report::from_json(&truncated).expect_err("not a report").to_string();
    assert!(error.contains("missing field `verdict`"), "{error}");
}
