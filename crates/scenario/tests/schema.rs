//! The JSON Schema says what the parser says.

use std::path::Path;

use proptest::prelude::*;
use scenario::{Source, parse, schema, yaml};
use serde_json::Value;

/// As much of JSON Schema (draft 2020-12) as the schemas of this project use; anything else is a failure of the test.
fn check(schema: &Value, value: &Value, root: &Value, path: &str) -> Result<(), String> {
    let Value::Object(keywords) = schema else { return Err(format!("{path}: the schema is {schema}")) };
    for (keyword, argument) in keywords {
        let each = |list: &Value| {
            list.as_array().expect("a list").iter().filter(|one| check(one, value, root, path).is_ok()).count()
        };
        let good = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer =
                    argument.as_str().and_then(|reference| reference.strip_prefix('#')).expect("a local reference");
                check(root.pointer(pointer).expect("a definition"), value, root, path)?;
                true
            }
            "type" => match argument {
                Value::Array(types) => types.iter().any(|name| has_type(value, name)),
                name => has_type(value, name),
            },
            "enum" => argument.as_array().expect("a list").contains(value),
            "const" => argument == value,
            "pattern" => value.as_str().is_none_or(|text| {
                regex::Regex::new(argument.as_str().expect("a pattern")).expect("a pattern").is_match(text)
            }),
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= argument.as_f64()),
            "maximum" => value.as_f64().is_none_or(|number| Some(number) <= argument.as_f64()),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= argument.as_u64().expect("a number"))
            }
            "anyOf" => each(argument) > 0,
            "oneOf" => each(argument) == 1,
            "not" => check(argument, value, root, path).is_err(),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(argument, item, root, &format!("{path}/{index}"))?;
                }
                true
            }
            "required" => value.as_object().is_none_or(|object| {
                argument
                    .as_array()
                    .expect("a list")
                    .iter()
                    .all(|name| object.contains_key(name.as_str().expect("a name")))
            }),
            "dependentSchemas" => {
                for (name, dependent) in argument.as_object().expect("an object") {
                    if value.get(name).is_some() {
                        check(dependent, value, root, path)?;
                    }
                }
                true
            }
            "properties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = argument.get(name) {
                        check(schema, property, root, &format!("{path}/{name}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    let known = keywords.get("properties").is_some_and(|properties| properties.get(name).is_some());
                    match argument {
                        _ if known => {}
                        Value::Bool(false) => return Err(format!("{path}: unknown {name}")),
                        schema => check(schema, property, root, &format!("{path}/{name}"))?,
                    }
                }
                true
            }
            other => panic!("the checker doesn't know `{other}`"),
        };
        if !good {
            return Err(format!("{path}: {keyword} {argument} isn't satisfied by {value}"));
        }
    }
    Ok(())
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type") {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker doesn't know the type `{other}`"),
    }
}

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    let mut files: Vec<_> = entries
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path()).expect("a text"))
        })
        .collect();
    files.sort();
    files
}

fn by_schema(text: &str) -> Result<(), String> {
    let node = yaml::parse(&Source::new("x.yaml", text)).map_err(|_| "not YAML".to_owned())?;
    let schema = schema::scenario();
    check(&schema, &node.to_json(), &schema, "")
}

#[test]
fn what_the_parser_accepts_the_schema_accepts() {
    let files = files("good");
    assert!(files.len() >= 4);
    for (name, text) in files {
        assert!(parse(&Source::new(name.as_str(), text.as_str())).is_ok(), "{name} is not a good example");
        assert_eq!(by_schema(&text), Ok(()), "{name}");
    }
}

/// What a schema can see of bad input: keys and types. (What it can't: patterns, selectors, variables, URLs.)
#[test]
fn what_the_schema_refuses_the_parser_refuses() {
    let mut refused = 0;
    for (name, text) in files("bad") {
        assert!(parse(&Source::new(name.as_str(), text.as_str())).is_err(), "{name} is not a bad example");
        refused += usize::from(by_schema(&text).is_err());
    }
    assert!(refused >= 20, "{refused}");
    for (text, reason) in [
        ("name: x", "required"),
        ("name: x\nsteps: []", "minItems"),
        ("name: x\nstepps: [{get: /}]\nsteps: [{get: /}]", "unknown stepps"),
        ("name: x\nsteps: [{name: y}]", "oneOf"),
        ("name: x\nsteps: [{get: /, post: /}]", "oneOf"),
        ("name: x\nsteps: [{post: /, form: {a: 1}, body: x}]", "anyOf"),
        ("name: x\nsteps: [{get: /, with: {a: 1}}]", "anyOf"),
        ("name: x\nsteps: [{get: /, expect: {status: {is: 200}}}]", "anyOf"),
        ("name: x\nsteps: [{get: /, expect: {no_loop: false}}]", "const"),
        ("name: x\nsteps: [{get: /, capture: {a: {css: x, json: $}}}]", "anyOf"),
        ("name: x\nsteps: [{get: /, timeout: 5}]", "type"),
        ("name: x\nsteps: [{get: /, timeout: 5 s}]", "pattern"),
        ("name: x\nsteps: [{get: /, follow: {max_hops: 0}}]", "anyOf"),
        ("name: x\nwhen: {mode: host}\nsteps: [{get: /}]", "anyOf"),
    ] {
        assert!(parse(&Source::new("x.yaml", text)).is_err(), "the parser accepts {text}");
        let refusal = by_schema(text).expect_err(text);
        assert!(refusal.contains(reason), "{text}: {refusal}");
    }
}

/// Every key of the language is in one of the good examples, and its description is in the schema.
#[test]
fn every_key_is_used_and_described() {
    let mut used = Vec::new();
    for (name, text) in files("good") {
        let example = yaml::parse(&Source::new(name.as_str(), text.as_str())).expect("good").to_json();
        collect_keys(&example, &mut used);
    }
    let schema = schema::scenario();
    let tables = schema["$defs"].as_object().expect("definitions").values().chain([&schema]);
    let mut count = 0;
    for (name, property) in tables
        .filter_map(|table| table.get("properties"))
        .flat_map(|properties| properties.as_object().expect("an object"))
    {
        count += 1;
        assert!(property["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name} isn't described");
        // Two that the examples can't have: they are spelled by other keys there.
        assert!(used.contains(name) || name == "greater_than" || name == "one_of", "{name} isn't in an example");
    }
    assert!(count > 80, "{count}");
}

proptest! {
    /// The same for files that nobody would write: whatever small changes leave of a good one.
    #[test]
    fn what_the_parser_accepts_of_changed_files_the_schema_accepts(
        name in prop::sample::select(vec!["everything.yaml", "websocket.yaml"]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..8, 0_usize..16), 1..3),
    ) {
        const PIECES: &[&str] = &["", "1", " true", " null", " x", "\"a\"", " [1]", " []", " {}", " {a: 1}", "\n", "~", "2s", "${a}", "exists", "- "];
        let mut text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good").join(name)).expect("the example");
        for (place, removed, piece) in changes {
            let start = text.floor_char_boundary(place.index(text.len()));
            let end = text.ceil_char_boundary((start + removed).min(text.len()));
            text.replace_range(start..end, PIECES[piece]);
        }
        if parse(&Source::new("x.yaml", text.as_str())).is_ok() {
            prop_assert_eq!(by_schema(&text), Ok(()), "{}", text);
        }
    }
}

fn collect_keys(value: &Value, used: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            used.push(name.clone());
            collect_keys(value, used);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, used)),
        _ => {}
    }
}
