//! What stands at the top: the stack, why it was chosen, and what it consists of.

use verdict::evidence::{Mode, ServiceFacts, StackFacts, StackKind};

use super::super::style::{Paint, Style};
use super::super::text::{count, left, one_line, width};
use super::{LABEL, ending::labelled};

/// A notice; the first one says which stack was chosen.
pub(super) fn notice(text: &str, first: bool, style: Style) -> String {
    let label = if first { "stack" } else { "note" };
    // The column says it already.
    let text = text.strip_prefix("stack: ").unwrap_or(text);
    labelled(label, Paint::Strong, &one_line(text), style)
}

/// What the stack is doing while it comes up.
pub(super) fn progress(text: &str, style: Style) -> String {
    labelled("", Paint::Strong, &one_line(text), style)
}

/// The stack as it stands, one line a service.
pub(super) fn stack(facts: &StackFacts, style: Style) -> String {
    let mode = match facts.mode {
        Mode::Subpath => "one prefix a service",
        Mode::Subdomain => "one host a service",
    };
    let mut text = labelled("", Paint::Strong, &format!("{}, {mode}", one_line(&facts.base_url)), style);
    let names = facts.services.iter().map(|service| width(&one_line(&service.name))).max().unwrap_or(0);
    for service in &facts.services {
        text.push_str(&format!("{:LABEL$}{}\n", "", self::service(service, names)));
    }
    if facts.kind == StackKind::Embedded {
        let limit = "Doubles answer here; nothing below speaks for the real programs.";
        text.push_str(&labelled("", Paint::Strong, limit, style));
    }
    text
}

/// `forge    image   codeberg.org/forgejo/forgejo:11  11.0.1`.
fn service(service: &ServiceFacts, names: usize) -> String {
    let name = left(&one_line(&service.name), names.min(20));
    let image = service.image.as_deref().map(one_line).unwrap_or_default();
    let version = service.version.as_deref().map(one_line).unwrap_or_default();
    let cells = [name, left(service.kind.as_str(), 7), image, version];
    cells.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// How many scenarios there are, with room around it.
pub(super) fn run(scenarios: usize, style: Style) -> String {
    let room = if scenarios == 0 { "" } else { "\n" };
    format!("\n{}{room}", labelled("run", Paint::Strong, &count(scenarios, "scenario"), style))
}
