//! What a pipeline file says, as far as the double needs it: its steps' names, and when it runs.

use granit_parser::{Event, Parser};

/// How deep a file may be nested.
const MAX_DEPTH: usize = 32;
/// How many values a file may have.
const MAX_NODES: usize = 10_000;

/// A pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    /// From the file's name.
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    /// Any one of them; none: always, but see [`Definition::applies`].
    when: Vec<Condition>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: String,
    when: Vec<Condition>,
}

/// Events and branches that must fit; none: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Condition {
    events: Vec<String>,
    branches: Vec<String>,
}

impl Definition {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no YAML, or no mapping with steps.
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, String> {
        let root = tree(text)?;
        let Node::Mapping(entries) = &root else {
            return Err(format!("{path}: expected a mapping with `steps`"));
        };
        let steps = match root.get("steps") {
            Some(Node::Mapping(steps)) => {
                steps.iter().map(|(name, step)| Step { name: name.clone(), when: conditions(step) }).collect()
            }
            Some(Node::Sequence(steps)) => steps
                .iter()
                .enumerate()
                .map(|(at, step)| {
                    let name = step.get("name").and_then(Node::text).map(ToOwned::to_owned);
                    Step { name: name.unwrap_or_else(|| format!("step-{at}")), when: conditions(step) }
                })
                .collect(),
            _ if entries.is_empty() => Vec::new(),
            _ => return Err(format!("{path}: Invalid or missing `steps` section")),
        };
        if steps.is_empty() {
            return Err(format!("{path}: Invalid or missing `steps` section"));
        }
        Ok(Self { name: workflow_name(path), steps, when: conditions(&root) })
    }

    /// The steps that run whatever happens.
    pub(super) fn unfiltered(&self) -> impl Iterator<Item = &str> {
        let names_events = |when: &[Condition]| !when.is_empty() && when.iter().all(|it| !it.events.is_empty());
        let is_filtered = names_events(&self.when);
        self.steps.iter().filter(move |step| !is_filtered && !names_events(&step.when)).map(|step| step.name.as_str())
    }

    /// The steps that run for an event on a branch; none where the whole file doesn't apply.
    pub(super) fn applies(&self, event: &str, branch: &str) -> Vec<String> {
        if !fits(&self.when, event, branch) {
            return Vec::new();
        }
        self.steps.iter().filter(|step| fits(&step.when, event, branch)).map(|step| step.name.clone()).collect()
    }
}

fn fits(conditions: &[Condition], event: &str, branch: &str) -> bool {
    let one_of = |values: &[String], value: &str| {
        values.is_empty() || values.iter().any(|pattern| pattern == value || is_like(pattern, value))
    };
    conditions.is_empty() || conditions.iter().any(|it| one_of(&it.events, event) && one_of(&it.branches, branch))
}

/// Whether a pattern with stars fits: `*` within a segment's bounds is not told apart from `**`.
fn is_like(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| value.strip_prefix(start)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.is_empty() || end.is_empty() || value.ends_with(end),
    }
}

/// `.woodpecker/build.yaml` → `build`, `.woodpecker.yaml` → `woodpecker`.
fn workflow_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name);
    name.trim_start_matches('.').to_owned()
}

fn conditions(node: &Node) -> Vec<Condition> {
    match node.get("when") {
        Some(Node::Sequence(all)) => all.iter().map(condition).collect(),
        Some(one @ Node::Mapping(_)) => vec![condition(one)],
        _ => Vec::new(),
    }
}

fn condition(node: &Node) -> Condition {
    let list = |key: &str| match node.get(key) {
        Some(Node::Scalar(text)) => vec![text.clone()],
        Some(Node::Sequence(items)) => items.iter().filter_map(Node::text).map(ToOwned::to_owned).collect(),
        // `include` and `exclude`: what is excluded isn't looked at.
        Some(mapping @ Node::Mapping(_)) => match mapping.get("include") {
            Some(Node::Scalar(text)) => vec![text.clone()],
            Some(Node::Sequence(items)) => items.iter().filter_map(Node::text).map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    Condition { events: list("event"), branches: list("branch") }
}

/// YAML, as far as it matters here: everything is text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl Node {
    fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Mapping(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

/// A collection that isn't closed yet, and the key that waits for its value.
enum Open {
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>, Option<String>),
}

fn tree(text: &str) -> Result<Node, String> {
    let options = granit_parser::options! {
        block_nesting_limit: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut nodes = 0;
    for event in Parser::new_from_str_with_options(text.trim_start_matches('\u{feff}'), options) {
        let (event, _) = event.map_err(|error| format!("yaml: {error}"))?;
        nodes += 1;
        if nodes > MAX_NODES {
            return Err(format!("yaml: more than {MAX_NODES} values"));
        }
        let done = match event {
            Event::Scalar(value, ..) => Node::Scalar(value.into_owned()),
            // An alias stands for text that this reading doesn't need.
            Event::Alias(_) => Node::Scalar(String::new()),
            Event::SequenceStart(..) => {
                open.push(Open::Sequence(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::Sequence(items)) => Node::Sequence(items),
                Some(Open::Mapping(entries, _)) => Node::Mapping(entries),
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            Some(Open::Sequence(items)) => items.push(done),
            Some(Open::Mapping(entries, key)) => match (key.take(), done) {
                (Some(name), value) => entries.push((name, value)),
                (None, Node::Scalar(name)) => *key = Some(name),
                (None, _) => return Err("yaml: a key that isn't text".to_owned()),
            },
            None => root = root.or(Some(done)),
        }
    }
    root.ok_or_else(|| "yaml: the file is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_as_a_list_and_as_a_mapping() {
        let list = "steps:\n  - name: build\n    image: a\n    commands: [make]\n  - image: b\n";
        let mapping = "steps:\n  build:\n    image: a\n  test: { image: b }\n";
        for (text, names) in [(list, ["build", "step-1"]), (mapping, ["build", "test"])] {
            let definition = Definition::parse(".woodpecker.yaml", text).unwrap();
            assert_eq!(definition.name, "woodpecker");
            assert_eq!(definition.applies("push", "main"), names);
        }
        assert_eq!(workflow_name(".woodpecker/build.yml"), "build");
    }

    #[test]
    fn when_it_runs() {
        let run = |when: &str, event: &str, branch: &str| {
            let text =
                format!("{when}\nsteps:\n  - name: a\n    when: {{ branch: [main, 'release/*'] }}\n  - name: b\n");
            Definition::parse("x.yaml", &text).unwrap().applies(event, branch).join(" ")
        };
        assert_eq!(run("", "push", "main"), "a b");
        assert_eq!(run("", "push", "release/1"), "a b");
        assert_eq!(run("", "push", "other"), "b");
        assert_eq!(run("when: { event: push }", "manual", "main"), "");
        assert_eq!(run("when: { event: [push, manual] }", "manual", "main"), "a b");
        assert_eq!(run("when:\n  - event: tag\n  - event: push\n    branch: dev", "push", "main"), "");
        assert_eq!(run("when: { branch: { include: main } }", "push", "main"), "a b");
    }

    #[test]
    fn patterns() {
        for (pattern, value, fits) in [
            ("*", "main", true),
            ("release/*", "release/1", true),
            ("release/*", "released", false),
            ("*-fix", "a-fix", true),
            ("*-fix", "a-fix-b", false),
            ("a*c", "abc", true),
            ("main", "mainly", false),
        ] {
            assert_eq!(is_like(pattern, value), fits, "{pattern} {value}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("", "empty"),
            ("steps: [", "yaml: "),
            ("- a", "expected a mapping"),
            ("image: a", "missing `steps` section"),
            ("steps: []", "missing `steps` section"),
            ("? [a]\n: b", "a key that isn't text"),
            (&"[".repeat(100), "yaml: "),
        ] {
            let error = Definition::parse(".woodpecker.yaml", text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[-a-z:\\[\\]{}\"'&*#!|> \n\t]{0,120}") {
            let _ = Definition::parse(".woodpecker.yaml", &text);
        }

        #[test]
        fn no_pattern_breaks_it(pattern in "[ab*é]{0,8}", value in "[abé]{0,8}") {
            let fits = is_like(&pattern, &value);
            prop_assert!(!fits || pattern.contains('*') || pattern == value);
        }
    }
}
