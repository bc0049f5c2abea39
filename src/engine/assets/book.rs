//! What is known of each URL that a page refers to.

use std::collections::HashMap;
use std::time::Duration;

use assets::check::Answer;
use assets::javascript;
use assets::{Found, Kind, Reference, Target};
use url::Url;

use super::rules::{Place, Rules};
use crate::engine::http::error::HttpError;
use crate::engine::visitor::Hop;

/// How many references to the same URL are kept.
const KEPT: usize = 3;

/// All that a page loads.
#[derive(Debug, Clone)]
pub struct Book {
    /// What the step says.
    pub rules: Rules,
    /// Each URL once, in the order in which they were met.
    pub entries: Vec<Entry>,
    /// How many references carry their content with them.
    pub inline: usize,
    /// How many references were left out.
    pub left_out: usize,
    /// From the page's first byte to the last byte of the last asset.
    pub duration: Duration,
    places: HashMap<String, usize>,
}

/// Something that is loaded once.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it is; else the text of a reference that leads nowhere, and why.
    pub target: Result<Url, (String, String)>,
    /// What it is loaded as, each kind once.
    pub uses: Vec<Use>,
    /// The first references.
    pub references: Vec<Source>,
    /// How many references there are.
    pub referenced: usize,
    /// How far it is.
    pub state: State,
    /// What it refers to in turn, for kinds that it isn't loaded as yet.
    pub waiting: Vec<Reference>,
    /// As what its content was read.
    pub content: Content,
    /// Why it wasn't read to its end.
    pub unread: Option<String>,
}

/// As what a content was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// Not at all.
    #[default]
    Unread,
    /// As a script, or a module.
    Script,
    /// As a stylesheet.
    Style,
    /// As a manifest.
    Manifest,
}

/// A way in which something is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The kind.
    pub kind: Kind,
    /// The page needs it.
    pub essential: bool,
    /// It is asked for by CORS.
    pub cors: bool,
    /// Cookies go along.
    pub credentials: bool,
    /// The first reference of this kind.
    pub source: Source,
}

/// Where a reference stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The URL of the file.
    pub file: Url,
    /// The line, from 1.
    pub line: usize,
    /// What refers.
    pub by: &'static str,
    /// As written.
    pub written: String,
}

/// How far something is.
#[derive(Debug, Clone)]
pub enum State {
    /// It isn't loaded, for this reason.
    Unchecked(&'static str),
    /// It waits for its turn, or for its answer.
    Waiting,
    /// It was tried.
    Loaded(Box<Loaded>),
}

/// What came.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The answer; without one there is an error.
    pub answer: Option<Answer>,
    /// `Access-Control-Allow-Origin`.
    pub allow_origin: Option<String>,
    /// Where redirects led.
    pub redirects: Vec<Url>,
    /// Why a redirect couldn't be followed.
    pub astray: Option<String>,
    /// Why there is no answer, or why it isn't whole.
    pub error: Option<HttpError>,
    /// Its exchanges, without their contents.
    pub hops: Vec<Hop>,
}

impl Loaded {
    /// From the first byte sent to the last byte received.
    pub fn duration(&self) -> Duration {
        self.hops.iter().filter_map(|hop| hop.response.as_ref()).map(|response| response.duration).sum()
    }
}

impl Book {
    /// Nothing is known yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, entries: Vec::new(), inline: 0, left_out: 0, duration: Duration::ZERO, places: HashMap::new() }
    }

    /// Notes what a file refers to. Gives the entries that must be loaded now.
    pub fn note(&mut self, file: &Url, found: Found) -> Vec<usize> {
        self.inline += found.inline;
        self.left_out += found.left_out;
        let mut new = Vec::new();
        // What is noted may set free what waited for it.
        let mut open: Vec<(Url, Reference)> =
            found.references.into_iter().rev().map(|reference| (file.clone(), reference)).collect();
        while let Some((file, reference)) = open.pop() {
            let Some((index, is_new)) = self.enter(&file, reference) else { continue };
            if is_new && matches!(self.entries[index].state, State::Waiting) {
                new.push(index);
            }
            let freed = self.entries[index].free();
            if let Ok(url) = &self.entries[index].target {
                open.extend(freed.into_iter().rev().map(|reference| (url.clone(), reference)));
            }
        }
        new
    }

    /// Puts a reference to its URL's entry; `None` where there is no more room. Whether the entry is new.
    fn enter(&mut self, file: &Url, reference: Reference) -> Option<(usize, bool)> {
        let target = match reference.target {
            Target::Url(url) => Ok(url),
            Target::Nowhere(reason) => Err((reference.written.clone(), reason)),
        };
        let key = match &target {
            Ok(url) => url.as_str().to_owned(),
            // A bare specifier is looked up for each script anew, and leads nowhere each time.
            Err((written, _)) => format!("\0{written}"),
        };
        let source = Source { file: file.clone(), line: reference.line, by: reference.by, written: reference.written };
        let (index, is_new) = match self.places.get(&key) {
            Some(index) => (*index, false),
            None if self.entries.len() >= self.rules.limit => {
                self.left_out += 1;
                return None;
            }
            None => {
                let state = match &target {
                    Ok(url) => self.first_state(url),
                    Err((written, _)) if self.rules.ignore.iter().any(|pattern| pattern.is_match(written)) => {
                        State::Unchecked(IGNORED)
                    }
                    Err(_) => State::Unchecked(NOWHERE),
                };
                self.places.insert(key, self.entries.len());
                self.entries.push(Entry {
                    target,
                    uses: Vec::new(),
                    references: Vec::new(),
                    referenced: 0,
                    state,
                    waiting: Vec::new(),
                    content: Content::Unread,
                    unread: None,
                });
                (self.entries.len() - 1, true)
            }
        };
        let entry = &mut self.entries[index];
        entry.referenced += 1;
        let known = entry.uses.iter_mut().find(|known| known.kind == reference.kind && known.cors == reference.cors);
        match known {
            Some(known) => {
                if reference.essential && !known.essential {
                    known.essential = true;
                    known.source = source.clone();
                }
            }
            None => entry.uses.push(Use {
                kind: reference.kind,
                essential: reference.essential,
                cors: reference.cors,
                credentials: reference.credentials,
                source: source.clone(),
            }),
        }
        if entry.references.len() < KEPT {
            entry.references.push(source);
        }
        Some((index, is_new))
    }

    fn first_state(&self, url: &Url) -> State {
        if self.rules.ignores(url) {
            return State::Unchecked(IGNORED);
        }
        match self.rules.place(url) {
            Place::Inside | Place::Outside => State::Waiting,
            Place::Foreign | Place::Unknown => State::Unchecked(FOREIGN),
        }
    }
}

/// Why an address that the step passes over isn't loaded.
pub(super) const IGNORED: &str = "ignored, as the step says";
/// Why an address on another origin isn't loaded.
pub(super) const FOREIGN: &str = "another origin, not checked";
/// Why an address that redirects to another origin isn't loaded.
pub(super) const AWAY: &str = "redirected to another origin, not checked";
/// Why a reference that leads nowhere isn't loaded.
pub(super) const NOWHERE: &str = "it leads nowhere";

impl Entry {
    /// Takes out what the entry refers to by a kind that it is loaded as.
    pub fn free(&mut self) -> Vec<Reference> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let is_used = |kinds: &[Kind]| self.uses.iter().any(|known| kinds.contains(&known.kind));
        let (module, script) = (is_used(&[Kind::Module]), is_used(&[Kind::Script, Kind::Module]));
        let (style, manifest) = (is_used(&[Kind::Style]), is_used(&[Kind::Manifest]));
        let content = self.content;
        let is_free = |reference: &Reference| match content {
            // A classic script can't import otherwise than by `import()`.
            Content::Script if reference.by == javascript::DYNAMIC => script,
            Content::Script => module,
            Content::Style => style,
            Content::Manifest => manifest,
            Content::Unread => false,
        };
        let (free, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(is_free);
        self.waiting = waiting;
        free
    }
}
