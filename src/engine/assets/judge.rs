//! What is wrong with an entry, if anything.

use assets::check::{self, Sort};
use url::Url;
use verdict::evidence::{AssetProblem, AssetProblemKind};

use super::book::{Entry, IGNORED, Loaded, State, Use};
use super::request::is_loopback;
use super::rules::{Place, Rules};
use crate::engine::http::error::HttpError;

/// An entry with what is wrong with it.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// As what it is looked at: the first use in which something is wrong, those that are essential first.
    pub known: &'a Use,
    /// The page needs it.
    pub essential: bool,
    /// What is wrong.
    pub problem: Option<AssetProblem>,
    /// What the problem comes of, where an exchange failed.
    pub error: Option<HttpError>,
}

impl Judged<'_> {
    /// It is essential, and broken.
    pub fn is_broken(&self) -> bool {
        self.essential && self.problem.is_some()
    }
}

/// Judges an entry; `None` for one that nothing refers to.
pub fn judge<'a>(entry: &'a Entry, rules: &Rules) -> Option<Judged<'a>> {
    let mut uses: Vec<&Use> = entry.uses.iter().collect();
    uses.sort_by_key(|known| !known.essential);
    let first = *uses.first()?;
    let error = match &entry.state {
        State::Loaded(loaded) => loaded.error.clone(),
        State::Waiting | State::Unchecked(_) => None,
    };
    for known in uses {
        if let Some(problem) = problem(entry, known, rules) {
            let error = error.filter(|_| problem.kind == AssetProblemKind::Exchange);
            return Some(Judged { entry, known, essential: known.essential, problem: Some(problem), error });
        }
    }
    let essential = entry.uses.iter().any(|known| known.essential);
    Some(Judged { entry, known: first, essential, problem: None, error: None })
}

fn problem(entry: &Entry, known: &Use, rules: &Rules) -> Option<AssetProblem> {
    let wrong = |kind, found: String| Some(AssetProblem { kind, found });
    let url = match (&entry.target, &entry.state) {
        (_, State::Unchecked(reason)) if *reason == IGNORED => return None,
        (Err((_, reason)), _) => return wrong(AssetProblemKind::Nowhere, reason.clone()),
        (Ok(url), _) => url,
    };
    if rules.page.scheme() == "https" && url.scheme() == "http" && known.kind.is_blockable() && !is_loopback(url) {
        let found = "an https page can't load it over http: browsers block it".to_owned();
        return wrong(AssetProblemKind::MixedContent, found);
    }
    let came = match &entry.state {
        State::Loaded(loaded) => self::came(known, loaded, rules, url),
        State::Waiting => None,
        State::Unchecked(_) => match rules.place(url) {
            Place::Foreign => {
                let found = format!("{} is another origin than the page's", url.origin().ascii_serialization());
                return wrong(AssetProblemKind::OtherOrigin, found);
            }
            _ => return None,
        },
    };
    let last = match &entry.state {
        State::Loaded(loaded) => loaded.redirects.last().unwrap_or(url),
        _ => url,
    };
    if let (Place::Outside, Some(under)) = (outermost(rules, url, last), &rules.under) {
        let how = if std::ptr::eq(last, url) { String::new() } else { format!("redirected to {last}, ") };
        let also = came.map(|came| format!(": {}", came.found)).unwrap_or_default();
        return wrong(AssetProblemKind::Outside, format!("{how}not under {under}{also}"));
    }
    came
}

/// Where an asset lies that was redirected: it counts as outside if its beginning or its end does.
fn outermost(rules: &Rules, from: &Url, to: &Url) -> Place {
    match rules.place(from) {
        Place::Inside => rules.place(to),
        place => place,
    }
}

/// What is wrong with what came.
fn came(known: &Use, loaded: &Loaded, rules: &Rules, url: &Url) -> Option<AssetProblem> {
    let wrong = |kind, found: String| Some(AssetProblem { kind, found });
    if let Some(reason) = &loaded.astray {
        return wrong(AssetProblemKind::Redirect, reason.clone());
    }
    let Some(answer) = &loaded.answer else {
        return loaded.error.as_ref().and_then(|error| wrong(AssetProblemKind::Exchange, error.to_string()));
    };
    if let Err(fault) = check::check(known.kind, answer) {
        let kind = match fault.sort {
            Sort::Status => AssetProblemKind::Status,
            Sort::Empty => AssetProblemKind::Empty,
            Sort::MediaType => AssetProblemKind::MediaType,
            Sort::Content => AssetProblemKind::Content,
        };
        let last = loaded.redirects.last();
        let how = last.map(|last| format!("redirected to {last}, ")).unwrap_or_default();
        return wrong(kind, format!("{how}{}", fault.found));
    }
    if let Some(error) = &loaded.error {
        return wrong(AssetProblemKind::Exchange, format!("cut off after {} bytes: {error}", answer.bytes));
    }
    let last = loaded.redirects.last().unwrap_or(url);
    if known.cors && !rules.is_own(last) {
        let own = rules.page.origin().ascii_serialization();
        let allowed = loaded.allow_origin.as_deref();
        if allowed != Some("*") && allowed != Some(own.as_str()) {
            let found = match allowed {
                Some(other) => format!("Access-Control-Allow-Origin is {other}, and the page's origin is {own}"),
                None => "no Access-Control-Allow-Origin, without which browsers block it".to_owned(),
            };
            return wrong(AssetProblemKind::Cors, found);
        }
    }
    None
}

impl Judged<'_> {
    /// Why it wasn't looked at, or not to its end, where that is no problem.
    pub fn unchecked(&self) -> Option<String> {
        match &self.entry.state {
            State::Unchecked(_) if self.problem.is_some() => None,
            State::Unchecked(reason) => Some((*reason).to_owned()),
            State::Loaded(loaded) if loaded.is_under_way() => Some(LATE.to_owned()),
            State::Waiting => Some(LATE.to_owned()),
            State::Loaded(_) => self.entry.unread.clone(),
        }
    }
}

/// Why something has no answer, and no problem either.
const LATE: &str = "the step ended before it was there";
