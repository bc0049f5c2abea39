//! JSON, written as YAML.

use crate::decode::Decoder;
use crate::model::JsonTemplate;
use crate::parse::template;
use crate::yaml::{Kind, Node};

/// The JSON that a node stands for; its strings may hold variables.
pub(super) fn template(decoder: &Decoder, node: &Node) -> Option<JsonTemplate> {
    Some(match &node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => JsonTemplate::Literal(node.to_json()),
        Kind::String(text, _) => JsonTemplate::Text(template::parse(decoder, text, node.span)?.value),
        Kind::Sequence(items) => {
            // All of them, so that all errors are seen.
            let items: Vec<_> = items.iter().map(|item| template(decoder, item)).collect();
            JsonTemplate::Array(items.into_iter().collect::<Option<_>>()?)
        }
        Kind::Mapping(entries) => {
            let fields: Vec<_> = entries
                .iter()
                .map(|(key, value)| template(decoder, value).map(|value| (key.value.clone(), value)))
                .collect();
            JsonTemplate::Object(fields.into_iter().collect::<Option<_>>()?)
        }
    })
}
