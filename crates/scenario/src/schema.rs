//! JSON Schemas (draft 2020-12), for editors, made from the tables that the parser checks files against.
//!
//! A schema accepts all that the parser accepts. The parser is stricter where a schema can't be: it reads selectors,
//! patterns and variables, and knows which predicates make sense of what.

use serde_json::{Map, Value, json};

use crate::decode::{Key, Shape, Table};
use crate::parse::keys;

/// The schema of a scenario.
pub fn scenario() -> Value {
    of(&keys::SCENARIO, "A scenario of edge-smoke")
}

/// The schema of a file that is described by a table.
pub fn of(table: &'static Table, title: &str) -> Value {
    let mut definitions = Definitions::default();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".to_owned(), title.into());
    schema.extend(definitions.object(table));
    schema.insert("$defs".to_owned(), Value::Object(definitions.done));
    Value::Object(schema)
}

/// Schemas that are referred to by name.
#[derive(Default)]
struct Definitions {
    done: Map<String, Value>,
}

impl Definitions {
    fn object(&mut self, table: &'static Table) -> Map<String, Value> {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("description".to_owned(), table.doc.into());
        let properties: Map<String, Value> =
            table.keys.iter().map(|key| (key.name.to_owned(), self.key(key))).collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("additionalProperties".to_owned(), false.into());
        let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        let one_of = |names: &[&str]| names.iter().map(|name| json!({ "required": [name] })).collect::<Value>();
        if !table.exactly_one.is_empty() {
            schema.insert("oneOf".to_owned(), one_of(table.exactly_one));
        }
        if !table.at_most_one.is_empty() {
            let mut choices = vec![json!({ "not": { "anyOf": one_of(table.at_most_one) } })];
            choices.push(json!({ "oneOf": one_of(table.at_most_one) }));
            schema.insert("anyOf".to_owned(), choices.into());
        }
        let company: Map<String, Value> = table
            .keys
            .iter()
            .filter(|key| !key.beside.is_empty())
            .map(|key| (key.name.to_owned(), json!({ "anyOf": one_of(key.beside) })))
            .collect();
        if !company.is_empty() {
            schema.insert("dependentSchemas".to_owned(), Value::Object(company));
        }
        schema
    }

    fn key(&mut self, key: &'static Key) -> Value {
        let mut schema = Map::new();
        schema.insert("description".to_owned(), key.doc.into());
        if let Value::Object(shape) = self.shape(&key.shape) {
            schema.extend(shape);
        }
        Value::Object(schema)
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        match shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Word(words) => json!({ "enum": words }),
            Shape::Null => json!({ "type": "null" }),
            Shape::Bool => json!({ "type": "boolean" }),
            Shape::True => json!({ "const": true }),
            Shape::Integer(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
            Shape::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Number => json!({ "type": "number" }),
            Shape::Duration => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$" }),
            Shape::Any => json!({}),
            Shape::List(item) => json!({ "type": "array", "items": self.shape(item), "minItems": 1 }),
            Shape::Map(value) => json!({ "type": "object", "additionalProperties": self.shape(value) }),
            Shape::Either(shapes) => {
                json!({ "anyOf": shapes.iter().map(|shape| self.shape(shape)).collect::<Vec<_>>() })
            }
            Shape::Table(table) => self.define(table.name, |definitions| Value::Object(definitions.object(table))),
            Shape::Named(name, shape) => self.define(name, |definitions| definitions.shape(shape)),
        }
    }

    fn define(&mut self, name: &str, schema: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.done.contains_key(name) {
            // Before it is made, as it may refer to itself.
            self.done.insert(name.to_owned(), Value::Null);
            let made = schema(self);
            self.done.insert(name.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}
