//! From a file's text to a [`Scenario`], with all that is wrong in the file at once.

mod api;
mod assets;
mod capture;
mod expect;
mod git;
mod json;
pub(crate) mod keys;
mod oauth;
mod predicate;
mod request;
mod scenario;
mod step;
mod template;
mod values;
mod websocket;

use std::sync::Arc;

use crate::decode::Decoder;
use crate::diagnostic::Diagnostic;
use crate::model::Scenario;
use crate::span::Source;
use crate::yaml;

/// Reads a scenario.
///
/// Checked is all that can be checked without a stack: keys, types, selectors, patterns, paths, URLs, durations,
/// names. What holds a variable is checked when the variable has its value.
///
/// # Errors
/// All that is wrong with the file, in its order, each with its place. There is at least one.
pub fn parse(source: &Arc<Source>) -> Result<Scenario, Vec<Diagnostic>> {
    let (node, mut diagnostics) = yaml::parse_as_far_as_possible(source);
    let Some(node) = node else {
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.message == yaml::EMPTY) {
            diagnostic.help = Some("a scenario has at least a `name:` and `steps:`".to_owned());
        }
        return Err(diagnostics);
    };
    let decoder = Decoder::new(source);
    diagnostics.into_iter().for_each(|diagnostic| decoder.report(diagnostic));
    let scenario = scenario::scenario(&decoder, &node);
    decoder.finish(scenario)
}
