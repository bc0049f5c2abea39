//! The reference of the language for people, as Markdown, made from the tables that the parser checks files against.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::decode::{Key, Shape, Table};
use crate::parse::keys;
use crate::text;

/// A section for each kind of mapping in a scenario, in the order in which a reader meets them.
pub fn scenario() -> String {
    of(&keys::SCENARIO)
}

/// The same for files that are described by another table.
pub fn of(table: &'static Table) -> String {
    let mut pages = Pages { seen: vec![table.name], waiting: VecDeque::from([Section::Table(table)]) };
    let mut out = String::new();
    while let Some(section) = pages.waiting.pop_front() {
        if !out.is_empty() {
            out.push('\n');
        }
        match section {
            Section::Table(table) => pages.table(table, &mut out),
            Section::Shape(name, shape) => {
                let shape = pages.shape(shape);
                // Writing to a string can't fail.
                let _ = writeln!(out, "### `{name}`\n\n{}{}.", shape[..1].to_uppercase(), &shape[1..]);
            }
        }
    }
    out
}

/// What gets a section of its own.
enum Section {
    Table(&'static Table),
    Shape(&'static str, &'static Shape),
}

/// The sections that are written, and those still to be.
struct Pages {
    seen: Vec<&'static str>,
    waiting: VecDeque<Section>,
}

impl Pages {
    fn table(&mut self, table: &'static Table, out: &mut String) {
        let _ = writeln!(out, "### `{}`\n\n{}", table.name, table.doc);
        let names = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        if !table.exactly_one.is_empty() {
            let _ = writeln!(out, "Exactly one of {} must be there.", text::alternatives(&names(table.exactly_one)));
        }
        if !table.at_most_one.is_empty() {
            let _ = writeln!(out, "At most one of {} may be there.", text::alternatives(&names(table.at_most_one)));
        }
        out.push_str("\n| key | value | meaning |\n|---|---|---|\n");
        let rows: Vec<(&str, String)> = table
            .keys
            .iter()
            .map(|key| (key.name, format!("{} | {}", cell(&self.shape(&key.shape)), cell(&meaning(table, key)))))
            .collect();
        // Keys that say the same, such as the methods, share a row.
        for same in rows.chunk_by(|(_, one), (_, other)| one == other) {
            let keys: Vec<String> = same.iter().map(|(name, _)| format!("`{name}`")).collect();
            let _ = writeln!(out, "| {} | {} |", keys.join(", "), same[0].1);
        }
    }

    /// What a value looks like; what has a section of its own is put on the list.
    fn shape(&mut self, shape: &'static Shape) -> String {
        match shape {
            Shape::Text => "text".to_owned(),
            Shape::Scalar => "a value".to_owned(),
            Shape::Word(words) => text::alternatives(&words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>()),
            Shape::Bool => "`true` or `false`".to_owned(),
            Shape::True => "`true`".to_owned(),
            Shape::Integer(least, i64::MAX) => format!("a whole number, at least {least}"),
            Shape::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Shape::Number => "a number".to_owned(),
            Shape::Duration => "a duration: `500ms`, `10s`, `2m`, `1h`".to_owned(),
            Shape::Null => "`null`".to_owned(),
            Shape::Any => "anything".to_owned(),
            Shape::List(item) => format!("a list of {}", self.shape(item)),
            Shape::Map(value) => format!("names of your own, each with: {}", self.shape(value)),
            Shape::Either([one, Shape::List(item)]) if self.shape(one) == self.shape(item) => {
                format!("{}, or a list of such", self.shape(one))
            }
            Shape::Either(shapes) => shapes.iter().map(|shape| self.shape(shape)).collect::<Vec<_>>().join(", or "),
            Shape::Table(table) => self.link(table.name, Section::Table(table)),
            Shape::Named(name, shape) => self.link(name, Section::Shape(name, shape)),
        }
    }

    fn link(&mut self, name: &'static str, section: Section) -> String {
        if !self.seen.contains(&name) {
            self.seen.push(name);
            self.waiting.push_back(section);
        }
        format!("[`{name}`](#{name})")
    }
}

fn meaning(table: &Table, key: &Key) -> String {
    let mut meaning = key.doc.to_owned();
    if key.required {
        meaning.push_str(" Required.");
    }
    let quoted = |names: &[&str]| text::alternatives(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>());
    let others: Vec<&str> = table.exactly_one.iter().copied().filter(|name| !key.beside.contains(name)).collect();
    // What is shorter to say.
    if key.beside.len() > others.len() && !others.is_empty() {
        meaning.push_str(&format!(" Not beside {}.", quoted(&others)));
    } else if !key.beside.is_empty() {
        meaning.push_str(&format!(" Only beside {}.", quoted(key.beside)));
    }
    meaning
}

/// Text that doesn't end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names in the headings, and those that links lead to.
    fn headings_and_links(text: &str) -> (Vec<&str>, Vec<&str>) {
        let headings = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        let links = text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        (headings, links)
    }

    #[test]
    fn every_link_has_its_section_and_every_section_but_the_first_a_link() {
        let text = scenario();
        let (headings, links) = headings_and_links(&text);
        assert_eq!(headings.first(), Some(&"scenario"));
        for link in &links {
            assert_eq!(headings.iter().filter(|heading| heading == &link).count(), 1, "{link}");
        }
        for heading in &headings[1..] {
            assert!(links.contains(heading), "{heading}");
        }
    }

    #[test]
    fn a_row_says_what_belongs_there_and_beside_what() {
        let text = scenario();
        let row = "| `max_hops` | a whole number from 1 to 100 | The most redirects";
        assert!(text.contains(row), "{text}");
        assert!(text.contains(
            "| `attribute` | text | An attribute of the element, in place of its text. Only beside `css`. |"
        ));
        assert!(text.contains("| `name` | text | What the journey is called in reports. Required. |"));
        assert!(text.contains("| `follow` | `true` or `false`, or [`follow`](#follow) |"));
        assert!(text.contains("Without it they aren't. Not beside `"));
        assert!(text.contains("| `get`, `head`, `post`, "));
        assert!(
            text.lines()
                .all(|line| !line.starts_with('|') || line.matches(" | ").count() == 2 || line == "|---|---|---|")
        );
    }
}
