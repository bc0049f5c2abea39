//! JSON with variables in its strings.

use serde_json::{Map, Value};

use crate::model::JsonTemplate;
use crate::template::Unresolved;

/// The JSON with every variable replaced by its value; each string stays a string.
pub(crate) fn render(template: &JsonTemplate, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Unresolved> {
    Ok(match template {
        JsonTemplate::Literal(value) => value.clone(),
        JsonTemplate::Text(text) => Value::String(text.render(lookup)?),
        JsonTemplate::Array(items) => {
            Value::Array(items.iter().map(|item| render(item, lookup)).collect::<Result<_, _>>()?)
        }
        JsonTemplate::Object(fields) => {
            let mut object = Map::with_capacity(fields.len());
            for (name, field) in fields {
                object.insert(name.clone(), render(field, lookup)?);
            }
            Value::Object(object)
        }
    })
}

impl JsonTemplate {
    /// The JSON with every variable replaced by what `lookup` gives for its name. Each string stays a string.
    ///
    /// # Errors
    /// The first variable that `lookup` doesn't know.
    pub fn render(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Unresolved> {
        render(self, lookup)
    }
}
