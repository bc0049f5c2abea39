//! `api`: a call as a program makes it, without a browser's cookies and manners.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use scenario::model::{Api, Credentials, Subject, UndoCall};
use verdict::evidence::FailureKind;

use super::{Act, Acting, Undo, request};
use crate::engine::content;
use crate::engine::expect::{self, describe_hop};
use crate::engine::http::Outgoing;
use crate::engine::plan::PlannedStep;
use crate::engine::problem::Problem;

#[async_trait]
impl Act for Api {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let outgoing = request::outgoing(&self.request, acting).await?;
        if let Some(undo) = &self.undo {
            // Noted before it is sent: what comes of a call that breaks off nobody knows.
            UndoneCall { planned: acting.planned.clone(), call: undo.clone(), credentials: self.credentials.clone() }
                .note(acting);
        }
        call(outgoing, self.credentials.as_ref(), acting).await?;
        page_in_its_place(acting)
    }
}

/// Sends a call, with what its credentials add.
async fn call(
    mut outgoing: Outgoing,
    credentials: Option<&Credentials>,
    acting: &mut Acting<'_>,
) -> Result<(), Problem> {
    let mut add = |name: &str, value: String| {
        if !outgoing.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
            outgoing.headers.push((name.to_owned(), value.into_bytes()));
        }
    };
    add("Accept", "application/json".to_owned());
    match credentials {
        None | Some(Credentials::Session) => {}
        Some(Credentials::Csrf(token)) => add("X-CSRF-TOKEN", acting.render(&token.value)?),
        Some(Credentials::Bearer(token)) => add("Authorization", format!("Bearer {}", acting.render(&token.value)?)),
        Some(Credentials::Token(token)) => add("Authorization", format!("token {}", acting.render(&token.value)?)),
        Some(Credentials::Basic(pair)) => add("Authorization", request::basic(pair, acting)?),
    }
    if matches!(credentials, Some(Credentials::Session | Credentials::Csrf(_))) {
        return acting.navigate(outgoing, None).await;
    }
    let what = format!("{} {}", outgoing.method, outgoing.address);
    let result = acting.visitor.call(outgoing, None).await;
    result.map_err(|obstacle| acting.obstacle(&what, obstacle))
}

/// A call to be taken back by another.
#[derive(Debug, Clone)]
pub(in crate::engine) struct UndoneCall {
    /// The step of the call.
    pub(super) planned: PlannedStep,
    call: UndoCall,
    credentials: Option<Credentials>,
}

impl UndoneCall {
    /// Notes it once, also of a step that is tried several times.
    fn note(self, acting: &mut Acting<'_>) {
        let is_same = |undo: &Undo| match undo {
            Undo::Call(other) => {
                other.call.target.span == self.call.target.span
                    && Arc::ptr_eq(&other.planned.scope, &self.planned.scope)
            }
            Undo::Branch(_) => false,
        };
        if !acting.undo.iter().any(is_same) {
            acting.undo.push(Undo::Call(self));
        }
    }

    /// What it does, for people.
    pub(super) fn title(&self) -> String {
        format!("api {} {}", self.call.method.value, expect::shown(&self.call.target.value))
    }
}

#[async_trait]
impl Act for UndoneCall {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        // What a call that failed never captured, there is nothing to take back of.
        let is_known = |name: &str| acting.variables.lookup(&self.planned.scope, name).is_some();
        if !self.call.target.value.variables().all(|(name, _)| is_known(name)) {
            return Ok(());
        }
        let address = acting.address(&self.call.target)?;
        let method = self.call.method.value.clone();
        let outgoing = Outgoing { method, address, headers: Vec::new(), body: Bytes::new() };
        call(outgoing, self.credentials.as_ref(), acting).await?;
        let status = acting.visitor.page.as_ref().map_or(0, |page| page.response.status);
        if matches!(status, 200..=299 | 404 | 410) {
            return Ok(());
        }
        let diagnostic = acting
            .diagnostic(self.call.target.span, "what the step made is still there")
            .label(acting.visitor.hops.last().map(describe_hop).unwrap_or_default())
            .expected("a success, or 404 where it is gone already")
            .found(status.to_string())
            .help("remove it by hand");
        Err(Problem { kind: FailureKind::Expectation, diagnostic })
    }
}

/// A success that is a web page: what dashboards answer to whatever they don't know, and what a status check takes for an
/// answer. An API that does answer HTML is one whose author expects it.
fn page_in_its_place(acting: &Acting<'_>) -> Result<(), Problem> {
    let expects_type = |expectation: &scenario::model::Expectation| match &expectation.subject {
        Subject::ContentType => true,
        Subject::Header(name) => name == "content-type",
        _ => false,
    };
    let Some(page) = &acting.visitor.page else { return Ok(()) };
    let response = &page.response;
    let is_page = content::media_type(response).is_some_and(|media| media == "text/html");
    if !is_page || !(200..300).contains(&response.status) || acting.planned.step.expect.iter().any(expects_type) {
        return Ok(());
    }
    let title = page.look(|document| {
        let title = scraper::Selector::parse("title").ok();
        title.and_then(|title| content::elements(document, &title, None).into_iter().next())
    });
    let title = title.ok().flatten().filter(|title| !title.is_empty());
    let found = match title {
        Some(title) => format!("{} `text/html`: the page “{}”", response.status, shortened(&title)),
        None => format!("{} `text/html`, {} bytes", response.status, response.body.len()),
    };
    let diagnostic = acting
        .diagnostic(acting.planned.step.span, "a web page answers in the API's place")
        .label(acting.visitor.hops.last().map(describe_hop).unwrap_or_default())
        .expected("JSON, or at least no page")
        .found(found)
        .help(
            "what serves the pages has answered: the address isn't the API's there, as where a prefix is stripped or \
             lost on the way; if a page is meant, say so by `content_type: text/html`",
        );
    Err(Problem { kind: FailureKind::Expectation, diagnostic })
}

fn shortened(title: &str) -> String {
    const LONGEST: usize = 60;
    match title.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &title[..end]),
        None => title.to_owned(),
    }
}
