//! Whether a service wants its prefix, and whether it gets it: told by asking it directly, with and without.

use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::answers::{Print, is_html, media_type};
use super::site::{CALLBACK, LOGIN};
use crate::evidence::ResponseRecord;
use crate::finding::Observation;

/// How a service was found to take paths, and how the edge was found to pass them on.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    /// Paths that the service knows with its prefix and not without it.
    pub(crate) wants_prefix: usize,
    /// Paths that it knows without its prefix and not with it.
    pub(crate) wants_none: usize,
    /// Paths to which the edge passes on the answer that the service gives with the prefix.
    pub(crate) edge_keeps: usize,
    /// Paths to which the edge passes on the answer that the service gives without the prefix.
    pub(crate) edge_strips: usize,
    /// Paths that work through the edge only with the prefix twice: the edge takes one off.
    pub(crate) works_twice: usize,
    /// What was seen.
    pub(crate) shown_by: Vec<Observation>,
}

/// An answer, as far as it tells whether a path is known.
type Shape = (u16, String, u64);

impl View<'_> {
    /// How the service takes paths, and how it gets them; all zero where it could not be asked directly.
    pub(crate) fn forms(&self, home: usize) -> Forms {
        let prefix = &self.homes[home].root.prefix;
        let mut forms = Forms::default();
        if prefix.is_empty() {
            return forms;
        }
        let fallback = self.fallback(home);
        let knows = |response: &ResponseRecord| response.status != 404 && !fallback.contains(&shape(response));
        let direct = self.answers_past_the_edge(home);
        let through = self.answers_through_the_edge(home);
        for (path, plain) in &direct {
            let Some(with) = direct.get(&format!("{prefix}{path}")) else { continue };
            match (knows(plain), knows(with)) {
                (true, false) => forms.wants_none += 1,
                (false, true) => forms.wants_prefix += 1,
                _ => {}
            }
            if knows(plain) == knows(with) {
                continue;
            }
            for edge in through.get(path).into_iter().flatten() {
                if self.is_edges_own(edge) || edge.status >= 500 {
                    continue;
                }
                if is_alike(edge, with) && !is_alike(edge, plain) {
                    forms.edge_keeps += 1;
                } else if is_alike(edge, plain) && !is_alike(edge, with) {
                    forms.edge_strips += 1;
                }
                forms.shown_by.push(Observation::new(format!(
                    "{path}: without the prefix the service itself answers {}, with it {}, and through the edge comes {}",
                    said(plain),
                    said(with),
                    said(edge)
                )));
            }
            let twice = through.get(&format!("{prefix}{path}")).into_iter().flatten();
            let once = through.get(path).into_iter().flatten().any(|edge| knows(edge));
            forms.works_twice +=
                usize::from(!once && twice.into_iter().any(|edge| knows(edge) && is_alike(edge, with)));
        }
        forms.shown_by.sort();
        forms.shown_by.dedup();
        forms.shown_by.truncate(3);
        forms
    }

    /// The answers that the service gives to whatever it doesn't know: the same page at several paths.
    pub(crate) fn fallback(&self, home: usize) -> BTreeSet<Shape> {
        let mut pages: BTreeMap<Shape, BTreeSet<String>> = BTreeMap::new();
        let mut note = |response: &ResponseRecord, path: &str| {
            if response.status == 200 && is_html(response) {
                pages.entry(shape(response)).or_default().insert(path.split('?').next().unwrap_or_default().to_owned());
            }
        };
        for direct in self.direct.iter().filter(|direct| direct.home == home) {
            direct.response().into_iter().for_each(|response| note(response, &direct.path));
        }
        for (seen, inner) in self.with(home) {
            seen.response().into_iter().for_each(|response| note(response, inner));
        }
        // A program that answers one page for everything answers it for scripts and for calls of its API too.
        let is_never_a_page = |path: &String| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let ending = name.rsplit_once('.').map(|(_, ending)| ending);
            matches!(ending, Some("js" | "css" | "json" | "svg" | "png" | "woff2"))
                || path.contains("/api/")
                || name == "healthz"
        };
        pages.retain(|_, paths| paths.len() > 1 && paths.iter().any(is_never_a_page));
        pages.into_keys().collect()
    }

    /// Tells the answers that the service gives to whatever it doesn't know.
    pub(crate) fn fallback_prints(&self, home: usize) -> impl Fn(&ResponseRecord) -> bool + use<> {
        let fallback = self.fallback(home);
        move |response| fallback.contains(&shape(response))
    }

    /// What comes below the service's prefix is what comes from another service: the same content, and more than once.
    pub(crate) fn answers_as_another(&self, home: usize) -> bool {
        self.another(home).is_some()
    }

    /// The service whose answers come below another's prefix.
    pub(crate) fn another(&self, home: usize) -> Option<usize> {
        let through = |index: usize| -> Vec<Print> {
            if index == home {
                self.passed_on(home).filter_map(Print::of).collect()
            } else {
                self.below(index).filter_map(|(response, _)| Print::of(response)).collect()
            }
        };
        let past = |index: usize| -> BTreeSet<Print> {
            let direct = self.direct.iter().filter(|direct| direct.home == index);
            direct.filter_map(|direct| direct.response()).filter_map(Print::of).collect()
        };
        let here = through(home);
        let own = past(home);
        if here.is_empty() {
            return self.another_program(home);
        }
        if here.iter().any(|print| own.contains(print)) {
            return None;
        }
        let shares = |index: &usize| {
            let theirs: BTreeSet<Print> = through(*index).into_iter().chain(past(*index)).collect();
            let shared = here.iter().filter(|print| theirs.contains(print)).count();
            // Short words may be alike by chance; most of what comes has to be theirs.
            shared > 1 && shared * 2 > here.len()
        };
        let others = (0..self.homes.len()).filter(|index| *index != home);
        others.filter(shares).min_by_key(|index| self.homes[*index].service.clone())
    }

    /// The same where nothing that comes has a content: by the program that answers, as its `Server` says (RFC 9110, section 10.2.4).
    fn another_program(&self, home: usize) -> Option<usize> {
        let here: Vec<Option<String>> = self.passed_on(home).map(program).collect();
        let past = |index: usize| -> Vec<Option<String>> {
            let direct = self.direct.iter().filter(|direct| direct.home == index);
            direct.filter_map(|direct| direct.response()).map(program).collect()
        };
        let first = here.first().filter(|_| self.has_via && here.len() > 1)?;
        let own = past(home);
        if first.is_none() || here.iter().any(|program| program != first) || own.is_empty() || own.contains(first) {
            return None;
        }
        let is_it = |index: &usize| past(*index).contains(first);
        let mut others = (0..self.homes.len()).filter(|index| *index != home).filter(is_it);
        // One program may serve several.
        others.next().filter(|_| others.next().is_none())
    }

    /// What came from below a service's root that the edge didn't answer by itself, with the path there.
    fn below(&self, home: usize) -> impl Iterator<Item = (&ResponseRecord, &str)> {
        let below = self.with(home).filter(move |(seen, _)| self.homes[home].root.covers(&seen.url));
        let answered = below.filter_map(|(seen, inner)| Some((seen.response()?, inner)));
        // The edge names itself only where it answers by itself.
        answered.filter(|(response, _)| !self.is_edges_own(response))
    }

    /// What came from where its route leads. A gate is asked elsewhere, and what is open before it has routes of its own.
    fn passed_on(&self, home: usize) -> impl Iterator<Item = &ResponseRecord> {
        let routed =
            self.below(home).filter(|(response, inner)| ![LOGIN, CALLBACK].contains(inner) && response.status != 401);
        routed.map(|(response, _)| response)
    }

    fn answers_past_the_edge(&self, home: usize) -> BTreeMap<String, &ResponseRecord> {
        let of_home = self.direct.iter().filter(|direct| direct.home == home);
        of_home.filter_map(|direct| Some((direct.path.clone(), direct.response()?))).collect()
    }

    /// By the path below the prefix. Only probes: they ask as those past the edge do, without cookies.
    fn answers_through_the_edge(&self, home: usize) -> BTreeMap<String, Vec<&ResponseRecord>> {
        let mut answers: BTreeMap<String, Vec<&ResponseRecord>> = BTreeMap::new();
        for (seen, inner) in self.with(home).filter(|(seen, _)| seen.step.is_none()) {
            let below = self.homes[home].root.covers(&seen.url);
            let query = seen.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            if let (true, Some(response)) = (below, seen.response()) {
                answers.entry(format!("{inner}{query}")).or_default().push(response);
            }
        }
        answers
    }
}

/// What program says that it answers, without its version.
fn program(response: &ResponseRecord) -> Option<String> {
    let server = response.header("server")?;
    Some(server.split(['/', ' ']).next().unwrap_or_default().to_ascii_lowercase())
}

fn shape(response: &ResponseRecord) -> Shape {
    (response.status, media_type(response), response.body_bytes)
}

/// The same answer, as far as status and media type tell.
fn is_alike(one: &ResponseRecord, other: &ResponseRecord) -> bool {
    one.status == other.status && media_type(one) == media_type(other)
}

fn said(response: &ResponseRecord) -> String {
    match media_type(response).as_str() {
        "" => response.status.to_string(),
        media_type => format!("{} {media_type}", response.status),
    }
}
