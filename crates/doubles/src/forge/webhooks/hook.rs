//! A webhook, and what became of its deliveries.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::allow;

/// How many deliveries a webhook remembers.
const HISTORY: usize = 50;

/// One delivery of a webhook, or the attempt at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The `X-…-Delivery` field.
    pub id: String,
    /// The event's name (`push`).
    pub event: String,
    /// Where it went. The query is left out: it holds secrets.
    pub url: String,
    /// The answer's status; any 2xx is a success.
    pub status: Option<u16>,
    /// The beginning of the answer's content, or why there was no answer.
    pub answer: String,
    /// Seconds since 1970.
    pub time: u64,
}

impl Delivery {
    /// Whether the forge takes it for delivered.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// A webhook of a repository.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    /// `forgejo`, `gitea`, `gogs`.
    pub(crate) kind: String,
    pub(crate) url: String,
    /// The content is a form, not JSON.
    pub(crate) form: bool,
    pub(crate) method: String,
    /// What signatures are made with; empty for none.
    pub(crate) secret: String,
    /// The `Authorization` field that goes along; empty for none.
    pub(crate) authorization: String,
    /// The events that it is for, all of them by name.
    pub(crate) events: Vec<String>,
    /// The branches that it is for, with `*` and `?`; empty for all.
    pub(crate) branch_filter: String,
    pub(crate) active: bool,
    /// Settings that other kinds of webhooks have: kept, and shown.
    pub(crate) other: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) updated: u64,
    /// The oldest first.
    pub(crate) deliveries: VecDeque<Delivery>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its URL and its fields hold secrets.
        formatter.debug_struct("Hook").field("id", &self.id).field("events", &self.events).finish_non_exhaustive()
    }
}

impl Hook {
    /// Whether it wants to hear of an event on this branch.
    pub(super) fn wants(&self, event: &str, branch: Option<&str>) -> bool {
        self.active
            && self.events.iter().any(|one| one == event)
            && branch.is_none_or(|branch| {
                self.branch_filter.is_empty() || allow::matches(self.branch_filter.as_bytes(), branch.as_bytes())
            })
    }

    pub(super) fn note(&mut self, delivery: Delivery) {
        if self.deliveries.len() == HISTORY {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }
}
