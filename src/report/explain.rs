//! What the rules say of themselves: for the terminal, and as the pages of `docs/findings`.

use verdict::Class;
use verdict::rules::{Rule, rules};

use super::style::{Paint, Style};
use super::text::wrap;

/// Cells before the text of a part.
const INDENT: usize = 2;

/// All that a rule says of itself, for people at a terminal.
pub fn rule(rule: &Rule, style: Style) -> String {
    let head = format!("{} ({}, {})", rule.code, rule.class.as_str(), rule.severity.as_str());
    let mut text = format!("{}: {}\n", style.paint(Paint::Strong, &head), rule.title);
    let mut part = |name: &str, contents: &[&str]| {
        text.push_str(&format!("\n{}\n", style.paint(Paint::Strong, name)));
        for line in contents.iter().flat_map(|content| wrap(content, style.measure().saturating_sub(INDENT))) {
            text.push_str(&format!("{:INDENT$}{line}\n", ""));
        }
    };
    part("what it means", &[rule.explain]);
    part("how it is told", &[rule.told_by]);
    part("what to do", &[rule.remedy]);
    part("what follows", &[follows(rule.class)]);
    if !rule.references.is_empty() {
        part("see also", rule.references);
    }
    text
}

/// All codes with their titles, a line each, in the order in which they are reported.
pub fn list() -> String {
    let width = rules().iter().map(|rule| rule.code.len()).max().unwrap_or_default();
    let class_width = Class::ALL.iter().map(|class| class.as_str().len()).max().unwrap_or_default();
    let line = |rule: &Rule| format!("{:width$}  {:class_width$}  {}\n", rule.code, rule.class.as_str(), rule.title);
    sorted().into_iter().map(line).collect()
}

/// The name of a rule's page in `docs/findings`.
pub fn page_name(rule: &Rule) -> String {
    format!("{}.md", rule.code.replace('/', "-"))
}

/// A rule's page, as Markdown.
pub fn page(rule: &Rule) -> String {
    let Rule { code, title, explain, told_by, remedy, references, .. } = rule;
    let (class, severity) = (rule.class.as_str(), rule.severity.as_str());
    let mut text = format!(
        "# {code}: {title}\n\n<!-- {GENERATED} -->\n\nClass `{class}`, severity `{severity}`. {}\n\n## What it means\n\n\
         {explain}\n\n## How it is told\n\n{told_by}\n\n## What to do\n\n{remedy}\n",
        follows(rule.class),
    );
    if !references.is_empty() {
        text.push_str("\n## See also\n\n");
        references.iter().for_each(|reference| text.push_str(&format!("- {}\n", linked(reference))));
    }
    text.push_str("\n[All findings](README.md)\n");
    text
}

/// The index of the pages, as Markdown.
pub fn index() -> String {
    let mut text = format!(
        "# Findings\n\n<!-- {GENERATED} -->\n\nWhat `edge-smoke` can find, by the code that reports have. \
         `edge-smoke explain CODE` prints the same at a terminal.\n"
    );
    for class in Class::ALL {
        let of_class: Vec<&Rule> = sorted().into_iter().filter(|rule| rule.class == *class).collect();
        if of_class.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {}\n\n{}\n\n| code | what |\n|---|---|\n", class.as_str(), follows(*class)));
        for rule in of_class {
            text.push_str(&format!("| [{}]({}) | {} |\n", rule.code, page_name(rule), rule.title));
        }
    }
    text
}

/// What stands in every generated page, so that nobody changes one by hand.
const GENERATED: &str =
    "Written from the rules by `EDGE_SMOKE_UPDATE=1 cargo test --test cli docs`; change the rule instead.";

/// By class, then by code.
fn sorted() -> Vec<&'static Rule> {
    let mut all = rules().to_vec();
    all.sort_by_key(|rule| (rule.class, rule.code));
    all
}

/// What a finding of a class does to the verdict.
fn follows(class: Class) -> &'static str {
    match class {
        Class::Security => {
            "A hole: it is reported first, and the verdict is FIX (exit code 1) whatever else was found."
        }
        Class::Infrastructure => "Nothing is claimed about the site: the verdict is INCONCLUSIVE (exit code 3).",
        Class::Pivot => {
            "A documented criterion for the fallback to one subdomain per service (docs/edge-routing-fallback.md): the \
             verdict is PIVOT (exit code 2) once no fix under subpaths helps."
        }
        Class::Fixable => "Something is wrong and can be put right where it is: the verdict is FIX (exit code 1).",
        Class::Note => "Worth knowing; it never changes a verdict.",
    }
}

/// An address as a link, a file of this project as a link to it, anything else as it is.
fn linked(reference: &str) -> String {
    if reference.starts_with("https://") || reference.starts_with("http://") {
        format!("<{reference}>")
    } else if let Some(page) = reference.strip_prefix("docs/").filter(|page| !page.contains(' ')) {
        format!("[{reference}](../{page})")
    } else {
        reference.to_owned()
    }
}
