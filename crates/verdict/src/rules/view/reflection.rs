//! What a service that shows requests says that it got.

use super::text::json_string;
use super::{Home, Seen, View};
use crate::evidence::Failure;

/// A request, as a service says that it got it.
#[derive(Debug)]
pub(crate) struct Reflection<'v, 'a> {
    /// The service.
    pub(crate) home: &'v Home,
    /// The service's place among the homes.
    pub(crate) index: usize,
    /// The exchange.
    pub(crate) seen: &'v Seen<'a>,
    text: &'a str,
}

impl<'a> View<'a> {
    /// All answers that show their requests: JSON with the request's target and its header fields.
    pub(crate) fn reflections(&self) -> impl Iterator<Item = Reflection<'_, 'a>> {
        self.seen.iter().filter_map(|seen| {
            let (index, inner) = seen.at.as_ref()?;
            let response = seen.response().filter(|response| response.status == 200 && !inner.is_empty())?;
            let text = response.body_excerpt.as_deref().filter(|text| text.contains("\"headers\""))?;
            json_string(text, "target").filter(|target| target.starts_with('/'))?;
            Some(Reflection { home: &self.homes[*index], index: *index, seen, text })
        })
    }
}

impl Reflection<'_, '_> {
    /// The first value of a header field that arrived, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        json_string(self.text, name)
    }

    /// The excerpt ends before the header section does, so that what isn't there may have been cut off.
    pub(crate) fn is_whole(&self) -> bool {
        self.text.trim_end().ends_with('}')
    }

    /// The client sent a field of this name itself.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        let headers = &self.seen.exchange.request.headers;
        headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The failure says that a path was expected, and that the same path came with this before it.
pub(crate) fn found_instead(failure: &Failure, before: &str) -> bool {
    let quoted = |text: &Option<String>| text.as_deref().map(|text| text.trim_matches('"').to_owned());
    let (Some(expected), Some(found)) = (quoted(&failure.expected), quoted(&failure.found)) else { return false };
    !before.is_empty() && expected.starts_with('/') && found.strip_prefix(before) == Some(expected.as_str())
}
