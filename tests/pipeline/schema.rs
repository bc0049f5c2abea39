//! As much of JSON Schema (draft 7) as Woodpecker's schema of a pipeline needs. A keyword that isn't known here fails the
//! test, rather than pass for one that holds.

use serde_json::{Map, Value};

/// What keeps `value` from being what `schema` describes; empty where nothing does.
pub(crate) fn violations(value: &Value, schema: &Value) -> Vec<String> {
    check(value, schema, schema, "$")
}

fn holds(value: &Value, schema: &Value, root: &Value) -> bool {
    check(value, schema, root, "").is_empty()
}

fn check(value: &Value, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    let keywords = match schema {
        Value::Bool(true) => return Vec::new(),
        Value::Bool(false) => return vec![format!("{place} must not be there")],
        schema => schema.as_object().expect("a schema is an object or a boolean"),
    };
    // In draft 7 nothing beside a reference counts.
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere");
        return check(value, target, root, place);
    }
    keywords.iter().flat_map(|(keyword, wanted)| by_keyword(keyword, wanted, value, keywords, root, place)).collect()
}

fn by_keyword(
    keyword: &str,
    wanted: &Value,
    value: &Value,
    all: &Map<String, Value>,
    root: &Value,
    place: &str,
) -> Vec<String> {
    let schemas = || wanted.as_array().expect("a list of schemas").iter();
    let number = || wanted.as_u64().expect("a number");
    let unless =
        |good: bool| if good { Vec::new() } else { vec![format!("{place}: {keyword} {wanted}, found {value}")] };
    match keyword {
        "title" | "description" | "default" | "definitions" | "format" | "$schema" | "$id" | "then" | "else" => {
            Vec::new()
        }
        "type" => unless(match wanted {
            Value::Array(types) => types.iter().any(|name| is(value, name)),
            name => is(value, name),
        }),
        "const" => unless(value == wanted),
        "enum" => unless(schemas().any(|choice| choice == value)),
        "minimum" => unless(value.as_f64().is_none_or(|found| Some(found) >= wanted.as_f64())),
        "minLength" => unless(value.as_str().is_none_or(|text| text.chars().count() as u64 >= number())),
        "minItems" => unless(value.as_array().is_none_or(|items| items.len() as u64 >= number())),
        "minProperties" => unless(value.as_object().is_none_or(|object| object.len() as u64 >= number())),
        "required" => {
            unless(value.as_object().is_none_or(|object| schemas().all(|name| object.contains_key(text(name)))))
        }
        "properties" => {
            let properties = wanted.as_object().expect("schemas by name").iter();
            let there = properties.filter_map(|(name, schema)| Some((name, schema, value.get(name)?)));
            there.flat_map(|(name, schema, found)| check(found, schema, root, &format!("{place}.{name}"))).collect()
        }
        "additionalProperties" => {
            let named = |name: &String| all.get("properties").is_some_and(|properties| properties.get(name).is_some());
            let others = value.as_object().into_iter().flatten().filter(|(name, _)| !named(name));
            others.flat_map(|(name, found)| check(found, wanted, root, &format!("{place}.{name}"))).collect()
        }
        "items" => {
            let items = value.as_array().into_iter().flatten().enumerate();
            items.flat_map(|(index, item)| check(item, wanted, root, &format!("{place}[{index}]"))).collect()
        }
        "allOf" => schemas().flat_map(|schema| check(value, schema, root, place)).collect(),
        "anyOf" | "oneOf" => {
            let holding = schemas().filter(|schema| holds(value, schema, root)).count();
            let good = if keyword == "anyOf" { holding > 0 } else { holding == 1 };
            // All that keeps it from each choice: one of them is what was meant.
            if good {
                Vec::new()
            } else {
                schemas().flat_map(|schema| check(value, schema, root, place)).collect::<Vec<_>>()
            }
            .into_iter()
            .chain((!good).then(|| format!("{place}: {holding} choices of {keyword} hold")))
            .collect()
        }
        "if" => {
            let branch = all.get(if holds(value, wanted, root) { "then" } else { "else" });
            branch.map(|schema| check(value, schema, root, place)).unwrap_or_default()
        }
        unknown => panic!("the schema has a keyword that this test doesn't know: {unknown}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn is(value: &Value, name: &Value) -> bool {
    match text(name) {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        unknown => panic!("not a type of JSON: {unknown}"),
    }
}
