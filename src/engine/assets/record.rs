//! What was loaded, as evidence: redacted.

use assets::Kind;
use scenario::Redactor;
use verdict::evidence::{Asset, AssetKind, AssetProblem, AssetReference, Assets};

use super::book::{Book, Source, State};
use super::judge::{Judged, judge};
use crate::engine::visitor::Hop;

/// How many exchanges of assets a trace holds.
const TRACED: usize = 12;

/// The exchanges of what is broken, the first few: those that a page can do without first, what is essential last.
pub fn hops(book: &Book) -> Vec<&Hop> {
    let judged: Vec<Judged<'_>> = book.entries.iter().filter_map(|entry| judge(entry, &book.rules)).collect();
    let of = |essential: bool| {
        judged
            .iter()
            .filter(move |one| one.essential == essential && one.problem.is_some())
            .filter_map(|one| match &one.entry.state {
                State::Loaded(loaded) => Some(loaded.hops.iter()),
                State::Waiting | State::Unchecked(_) => None,
            })
            .flatten()
    };
    let essential: Vec<&Hop> = of(true).take(TRACED).collect();
    of(false).take(TRACED - essential.len()).chain(essential.iter().copied()).collect()
}

/// All that was loaded.
pub fn record(book: &Book, redactor: &Redactor) -> Assets {
    let shown = |text: &str| redactor.redact(text).into_owned();
    let list = book.entries.iter().filter_map(|entry| judge(entry, &book.rules));
    Assets {
        page: shown(book.rules.page.as_str()),
        under: book.rules.under.as_ref().map(|under| shown(under.as_str())),
        list: list.map(|judged| asset(&judged, redactor)).collect(),
        inline: book.inline,
        left_out: book.left_out,
        duration_ms: milliseconds(book.duration),
    }
}

fn asset(judged: &Judged<'_>, redactor: &Redactor) -> Asset {
    let shown = |text: &str| redactor.redact(text).into_owned();
    let entry = judged.entry;
    let loaded = match &entry.state {
        State::Loaded(loaded) => Some(loaded),
        State::Waiting | State::Unchecked(_) => None,
    };
    let answer = loaded.and_then(|loaded| loaded.answer.as_ref());
    let last = loaded.and_then(|loaded| loaded.hops.last()?.response.as_ref());
    let reference = |source: &Source| AssetReference {
        file: shown(source.file.as_str()),
        line: source.line,
        by: source.by.to_owned(),
        written: shown(&source.written),
    };
    // What the verdict is about comes first.
    let first = std::iter::once(&judged.known.source);
    let others = entry.references.iter().filter(|source| **source != judged.known.source);
    Asset {
        url: match &entry.target {
            Ok(url) => shown(url.as_str()),
            Err((written, _)) => shown(written),
        },
        kind: kind(judged.known.kind),
        essential: judged.essential,
        references: first.chain(others).map(reference).collect(),
        referenced: entry.referenced,
        status: last.map(|received| received.status),
        media_type: answer.and_then(|answer| answer.media_type.as_deref()).map(shown),
        bytes: answer.map(|answer| answer.bytes),
        redirects: loaded.iter().flat_map(|loaded| &loaded.redirects).map(|url| shown(url.as_str())).collect(),
        duration_ms: last.and(loaded).map(|loaded| milliseconds(loaded.duration())),
        problem: judged
            .problem
            .as_ref()
            .map(|problem| AssetProblem { kind: problem.kind, found: shown(&problem.found) }),
        unchecked: judged.unchecked(),
    }
}

fn kind(kind: Kind) -> AssetKind {
    match kind {
        Kind::Script => AssetKind::Script,
        Kind::Module => AssetKind::Module,
        Kind::JsonModule => AssetKind::JsonModule,
        Kind::Style => AssetKind::Style,
        Kind::Image => AssetKind::Image,
        Kind::Font => AssetKind::Font,
        Kind::Media => AssetKind::Media,
        Kind::Track => AssetKind::Track,
        Kind::Frame => AssetKind::Frame,
        Kind::Icon => AssetKind::Icon,
        Kind::Manifest => AssetKind::Manifest,
        Kind::Data => AssetKind::Data,
    }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
