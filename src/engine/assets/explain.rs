//! What is wrong with a page's assets, in the scenario's terms.

use std::collections::BTreeMap;

use assets::Kind;
use scenario::Diagnostic;
use scenario::model::{Action, AssetsAspect, Subject};
use scenario::predicate::Found;
use url::Url;
use verdict::evidence::{AssetProblemKind, FailureKind};

use super::book::{Book, State};
use super::judge::{Judged, judge};
use crate::engine::content;
use crate::engine::plan::PlannedStep;
use crate::engine::problem::Problem;

/// How many of the broken are named.
const NAMED: usize = 5;

/// What the step doesn't bear: broken assets, more of them than its limit, none at all. An expectation of its own about the
/// number of either takes its place.
pub fn problems(book: &Book, planned: &PlannedStep) -> Vec<Problem> {
    let expects = |wanted: AssetsAspect| {
        planned
            .step
            .expect
            .iter()
            .any(|expectation| matches!(expectation.subject, Subject::Assets(aspect) if aspect == wanted))
    };
    let mut problems = Vec::new();
    if book.entries.is_empty() && book.inline == 0 && !expects(AssetsAspect::Count) {
        problems.push(nothing(book, planned));
    }
    if !expects(AssetsAspect::Broken) {
        problems.extend(broken(book, planned));
    }
    if book.left_out > 0 {
        problems.push(too_many(book, planned));
    }
    problems
}

fn at(planned: &PlannedStep, message: String) -> Diagnostic {
    Diagnostic::at(&planned.source, planned.step.span, message).label("this page")
}

fn nothing(book: &Book, planned: &PlannedStep) -> Problem {
    let diagnostic = at(planned, format!("{} loads nothing", book.rules.page))
        .expected("a page that refers to a script, a stylesheet or an image at least")
        .found("no reference")
        .help("if the page is meant to have none, say so: `expect: { assets: { count: 0 } }`");
    Problem { kind: FailureKind::Expectation, diagnostic }
}

fn too_many(book: &Book, planned: &PlannedStep) -> Problem {
    let limit = book.rules.limit;
    let diagnostic = at(planned, format!("{} loads more than {limit} URLs", book.rules.page))
        .found(format!("{} further references, which weren't checked", book.left_out))
        .help("raise `limit:`, or leave some out by `ignore:`");
    Problem { kind: FailureKind::Expectation, diagnostic }
}

/// One problem for each kind of failure: what took too long says less than what is wrong.
fn broken(book: &Book, planned: &PlannedStep) -> Vec<Problem> {
    let judged = book.entries.iter().filter_map(|entry| judge(entry, &book.rules));
    let mut kinds: BTreeMap<&'static str, (FailureKind, Vec<Judged<'_>>)> = BTreeMap::new();
    for one in judged.filter(Judged::is_broken) {
        let (name, kind) = match one.error.as_ref().map(|error| error.kind()) {
            None => ("", FailureKind::Expectation),
            Some(FailureKind::Timeout) => ("timeout", FailureKind::Timeout),
            Some(FailureKind::Connect) => ("connect", FailureKind::Connect),
            Some(FailureKind::Resolve) => ("resolve", FailureKind::Resolve),
            Some(FailureKind::Tls) => ("tls", FailureKind::Tls),
            Some(kind) => ("other", kind),
        };
        kinds.entry(name).or_insert((kind, Vec::new())).1.push(one);
    }
    kinds
        .into_values()
        .map(|(kind, broken)| Problem { kind, diagnostic: diagnostic(book, planned, kind, &broken) })
        .collect()
}

fn diagnostic(book: &Book, planned: &PlannedStep, kind: FailureKind, broken: &[Judged<'_>]) -> Diagnostic {
    let page = &book.rules.page;
    let total = book.entries.len();
    let count = broken.len();
    let what = if kind == FailureKind::Timeout { "came too late" } else { "broken" };
    let message = match (count, kind) {
        (1, FailureKind::Timeout) => format!("1 of {total} assets of {page} {what}"),
        (1, _) => format!("1 of {total} assets of {page} is {what}"),
        (_, FailureKind::Timeout) => format!("{count} of {total} assets of {page} {what}"),
        _ => format!("{count} of {total} assets of {page} are {what}"),
    };
    let mut diagnostic = at(planned, message).found(named(broken, page));
    diagnostic.help = help(broken, planned);
    if let Some(under) = book.rules.under.as_ref().filter(|_| kind == FailureKind::Expectation) {
        diagnostic = diagnostic.expected(format!("each there, what it is loaded as, and under {under}"));
    }
    diagnostic
}

/// The first few, a line or two for each.
fn named(judged: &[Judged<'_>], page: &Url) -> String {
    let mut lines: Vec<String> = judged.iter().take(NAMED).map(|one| line(one, page)).collect();
    if let Some(more @ 1..) = judged.len().checked_sub(NAMED) {
        lines.push(format!("and {more} more, in report.json"));
    }
    lines.join("\n")
}

/// `module /ci/index.js: text/html: …`, and below it `by <script type=module src> in /ci/:12`
fn line(judged: &Judged<'_>, page: &Url) -> String {
    let address = match &judged.entry.target {
        Ok(url) => near(url, page),
        Err((written, _)) => written,
    };
    let found = judged.problem.as_ref().map(|problem| problem.found.as_str()).unwrap_or_default();
    let source = &judged.known.source;
    let more = match judged.entry.referenced {
        0 | 1 => String::new(),
        many => format!(", and {} more", many - 1),
    };
    format!(
        "{} {address}: {found}\n  by {} in {}:{}{more}",
        judged.known.kind.noun(),
        source.by,
        near(&source.file, page),
        source.line
    )
}

/// A URL without the origin that the page has too.
fn near<'a>(url: &'a Url, page: &Url) -> &'a str {
    if url.origin() == page.origin() { &url[url::Position::BeforePath..] } else { url.as_str() }
}

/// What is wrong with most of them, and where to look.
fn help(broken: &[Judged<'_>], planned: &PlannedStep) -> Option<String> {
    let mut counts: BTreeMap<AssetProblemKind, usize> = BTreeMap::new();
    for kind in broken.iter().filter_map(|one| one.problem.as_ref()).map(|problem| problem.kind) {
        *counts.entry(kind).or_default() += 1;
    }
    let (kind, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let with_origins = matches!(&planned.step.action, Action::Assets(assets) if !assets.origins.is_empty());
    let help = match kind {
        AssetProblemKind::Outside => {
            "the page refers to places that aren't its own: the service behind it doesn't know the address under which \
             browsers see it"
        }
        AssetProblemKind::OtherOrigin if with_origins => {
            "if the page is meant to load from there too, add it to `origins:`"
        }
        AssetProblemKind::OtherOrigin => {
            "if it is a name that only the services know, the page's service was told the wrong address; if the page is \
             meant to load from there, name it under `origins:`"
        }
        AssetProblemKind::MediaType | AssetProblemKind::Content => {
            "a page in an asset's place is what some services answer for paths that they don't know: compare the path that \
             was asked for with the one that reaches the service"
        }
        AssetProblemKind::Empty => {
            "200 with no content and no Content-Type is what Caddy answers where no route matches"
        }
        AssetProblemKind::Nowhere => "a browser stops here too: correct the reference",
        AssetProblemKind::MixedContent => "the service behind the page doesn't know that browsers come by https",
        AssetProblemKind::Exchange => return broken.iter().find_map(|one| Some(one.error.as_ref()?.help())),
        AssetProblemKind::Status | AssetProblemKind::Cors | AssetProblemKind::Redirect => return None,
    };
    Some(help.to_owned())
}

/// What is still on its way, for a step that ran out of time.
pub fn pending(book: &Book) -> Option<String> {
    let is_late = |state: &State| match state {
        State::Loaded(loaded) => loaded.is_under_way(),
        State::Waiting => true,
        State::Unchecked(_) => false,
    };
    let late: Vec<&str> = book
        .entries
        .iter()
        .filter(|entry| is_late(&entry.state))
        .filter_map(|entry| entry.target.as_ref().ok().map(url::Url::as_str))
        .collect();
    if late.is_empty() {
        return None;
    }
    let named: Vec<&str> = late.iter().take(3).copied().collect();
    let more = if late.len() > 3 { format!(" and {} more", late.len() - 3) } else { String::new() };
    Some(format!("of {} assets these haven't come: {}{more}", book.entries.len(), named.join(", ")))
}

/// What an expectation of assets looks at.
pub fn found(book: &Book, aspect: AssetsAspect) -> Found {
    let judged = || book.entries.iter().filter_map(|entry| judge(entry, &book.rules));
    let of_kinds = |kinds: &[Kind]| {
        book.entries.iter().filter(|entry| entry.uses.iter().any(|known| kinds.contains(&known.kind))).count()
    };
    let count = match aspect {
        AssetsAspect::Count => book.entries.len(),
        AssetsAspect::Scripts => of_kinds(&[Kind::Script, Kind::Module, Kind::JsonModule]),
        AssetsAspect::Styles => of_kinds(&[Kind::Style]),
        AssetsAspect::Images => of_kinds(&[Kind::Image]),
        AssetsAspect::Fonts => of_kinds(&[Kind::Font]),
        AssetsAspect::Broken => judged().filter(Judged::is_broken).count(),
        AssetsAspect::Notes => judged().filter(|one| !one.essential && one.problem.is_some()).count(),
        AssetsAspect::Duration => return Found::Duration(book.duration),
        AssetsAspect::Urls => {
            let urls = book.entries.iter().filter_map(|entry| entry.target.as_ref().ok());
            return content::list(urls.map(|url| Found::Text(url.to_string())).collect());
        }
    };
    Found::Number(f64::from(u32::try_from(count).unwrap_or(u32::MAX)))
}

/// What there is, for an expectation that doesn't hold: what is broken, or how many there are of each kind.
pub fn summary(book: &Book, aspect: AssetsAspect) -> Option<String> {
    if let AssetsAspect::Broken | AssetsAspect::Notes = aspect {
        let wanted = |one: &Judged<'_>| one.problem.is_some() && one.essential == (aspect == AssetsAspect::Broken);
        let judged = book.entries.iter().filter_map(|entry| judge(entry, &book.rules));
        return Some(named(&judged.filter(wanted).collect::<Vec<_>>(), &book.rules.page))
            .filter(|lines| !lines.is_empty());
    }
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for entry in &book.entries {
        if let Some(known) = entry.uses.first() {
            *counts.entry(known.kind).or_default() += 1;
        }
    }
    let kinds: Vec<String> = counts
        .into_iter()
        .map(
            |(kind, count)| if count == 1 { format!("1 {}", kind.noun()) } else { format!("{count} {}s", kind.noun()) },
        )
        .collect();
    let total = book.entries.len();
    (total > 0).then(|| format!("{} refers to {}", book.rules.page, kinds.join(", ")))
}
