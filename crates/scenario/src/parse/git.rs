//! `git`: what is done with a repository, and what is expected of it.

use crate::decode::Decoder;
use crate::model::{GENERATED_FILE, Git, GitAction, GitAspect, GitFact, GitPush, Subject};
use crate::parse::expect::{Expectations, quoted};
use crate::parse::predicate::Domain;
use crate::parse::{keys, request, template, values};
use crate::span::{Span, Spanned};
use crate::template::Template;
use crate::text;
use crate::yaml::Node;

/// The most that is pushed, in bytes.
const MOST_SIZE: u64 = 100_000_000;

/// The units of sizes.
const UNITS: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("B", 1),
];

pub(super) fn git(decoder: &Decoder, node: &Node, owner: Span) -> Option<Git> {
    let fields = decoder.fields(node, &keys::GIT, owner)?;
    let basic_auth = fields.get("basic_auth").and_then(|node| request::basic_auth(decoder, node, "basic_auth"));
    let branch = fields.get("branch").and_then(|node| name(decoder, node, "`branch`"));
    let (url, action) = match (fields.get("clone"), fields.get("push")) {
        (Some(clone), _) => {
            let depth = fields.get("depth").and_then(|node| decoder.integer(node, "`depth`", 1, keys::MOST_DEPTH));
            let depth = depth.and_then(|depth| u32::try_from(depth).ok());
            (request::target_of(decoder, clone, "clone", request::Speaks::Http), GitAction::Clone { depth })
        }
        (None, Some(push)) => {
            let files = fields.get("files").map(|node| files(decoder, node)).unwrap_or_default();
            let size = fields.get("size").and_then(|node| size(decoder, node));
            let message = fields.get("message").and_then(|node| template::scalar(decoder, node, "`message`"));
            let undo = fields.get("undo").and_then(|node| decoder.boolean(node, "`undo`")).unwrap_or_default();
            if let (Some((key, _)), None) = (fields.entry("push"), fields.get("branch")) {
                let diagnostic = decoder.at(key.span, "`push` doesn't say to which `branch`");
                decoder.report(diagnostic.help("give it a branch of its own, such as `branch: edge-smoke`"));
            }
            if let (Some((key, _)), None, None) = (fields.entry("push"), fields.get("files"), fields.get("size")) {
                let diagnostic = decoder.at(key.span, "there is nothing to push");
                decoder.report(diagnostic.help("give it `files: { path: text }`, or a `size` for a generated one"));
            }
            (
                request::target_of(decoder, push, "push", request::Speaks::Http),
                GitAction::Push(GitPush { files, size, message, undo }),
            )
        }
        (None, None) => return None,
    };
    Some(Git { url: url?, basic_auth, branch, action })
}

/// A text that isn't empty.
fn name(decoder: &Decoder, node: &Node, what: &str) -> Option<Spanned<Template>> {
    let template = template::scalar(decoder, node, what)?;
    if template.value.parts.is_empty() {
        decoder.report(decoder.at(node.span, format!("{what} is empty")));
        return None;
    }
    Some(template)
}

fn files(decoder: &Decoder, node: &Node) -> Vec<(Spanned<String>, Spanned<Template>)> {
    let files = values::single_pairs(decoder, node, "`files`");
    for (path, _) in &files {
        let wrong = path.value.split('/').find(|part| {
            matches!(*part, "" | "." | "..") || part.eq_ignore_ascii_case(".git") || part.contains(['\0', '\\'])
        });
        let shown = text::one_line(&path.value);
        if wrong.is_some() {
            let diagnostic = decoder.at(path.span, format!("no file of a repository can be at `{shown}`"));
            decoder.report(diagnostic.help("write a path such as `folder/file.txt`, from the repository's top"));
        } else if path.value == GENERATED_FILE || path.value.starts_with(&format!("{GENERATED_FILE}/")) {
            let diagnostic = decoder.at(path.span, format!("`{GENERATED_FILE}` is the file that `size` makes"));
            decoder.report(diagnostic.help("give the file another name"));
        } else if let Some((folder, _)) =
            files.iter().find(|(folder, _)| path.value.starts_with(&format!("{}/", folder.value)))
        {
            let message = format!("`{}` can't be a file and a folder", text::one_line(&folder.value));
            decoder.report(decoder.at(path.span, message).related(folder.span, "the file"));
        }
    }
    files
}

/// A size such as `50MB`.
fn size(decoder: &Decoder, node: &Node) -> Option<Spanned<u64>> {
    let what = "`size`";
    let written = decoder.text(node, what)?;
    let number = |(unit, factor): &(&str, u64)| {
        let digits = written.strip_suffix(unit)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok()?.checked_mul(*factor)).flatten()
    };
    match UNITS.iter().find_map(number) {
        Some(bytes) if (1..=MOST_SIZE).contains(&bytes) => Some(Spanned::new(bytes, node.span)),
        Some(_) => {
            let diagnostic = decoder.at(node.span, "the size is out of bounds").expected("from `1B` to `100MB`");
            decoder.report(diagnostic);
            None
        }
        None => {
            let diagnostic = decoder.wrong(node, what, "a size");
            decoder.report(diagnostic.help("write a whole number with its unit, such as `50MB` or `512KiB`"));
            None
        }
    }
}

/// What is expected of a repository.
pub(super) fn expect(expectations: &mut Expectations<'_>, node: &Node) {
    let decoder = expectations.decoder;
    let Some(fields) = decoder.fields(node, &keys::GIT_EXPECT, node.span) else { return };
    for (key, value) in fields.iter() {
        let mut add = |aspect| expectations.add(Subject::Git(aspect), value, Domain::Text, &quoted(key));
        match key.value.as_str() {
            "commit" => add(GitAspect::Commit),
            "message" => add(GitAspect::Message),
            "head" => add(GitAspect::Head),
            "branch" => named(expectations, value, GitAspect::Branch, &quoted(key)),
            _ => named(expectations, value, GitAspect::File, &quoted(key)),
        }
    }
    if node.as_mapping().is_some_and(<[_]>::is_empty) {
        let diagnostic = decoder.at(node.span, "nothing is expected of the repository");
        decoder.report(diagnostic.help("write `{ file: { README.md: exists } }`, or leave it out"));
    }
}

fn named(
    expectations: &mut Expectations<'_>,
    node: &Node,
    aspect: impl Fn(Spanned<Template>) -> GitAspect,
    what: &str,
) {
    expectations.each(node, what, |expectations, key, value| {
        if let Some(name) = template::key(expectations.decoder, key) {
            expectations.add(Subject::Git(aspect(name)), value, Domain::Text, &quoted(key));
        }
    });
}

/// What of a repository is captured.
pub(super) fn fact(decoder: &Decoder, node: &Node) -> Option<GitFact> {
    Some(decoder.word(node, "git", GitFact::ALL)?.value)
}
