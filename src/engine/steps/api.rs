//! `api`: a call as a program makes it, without a browser's cookies and manners.

use async_trait::async_trait;
use scenario::model::{Api, Credentials, Subject};
use verdict::evidence::FailureKind;

use super::{Act, Acting, request};
use crate::engine::content;
use crate::engine::expect::describe_hop;
use crate::engine::problem::Problem;

#[async_trait]
impl Act for Api {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let mut outgoing = request::outgoing(&self.request, acting).await?;
        let mut add = |name: &str, value: String| {
            if !outgoing.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name)) {
                outgoing.headers.push((name.to_owned(), value.into_bytes()));
            }
        };
        add("Accept", "application/json".to_owned());
        match &self.credentials {
            None | Some(Credentials::Session) => {}
            Some(Credentials::Csrf(token)) => add("X-CSRF-TOKEN", acting.render(&token.value)?),
            Some(Credentials::Bearer(token)) => {
                add("Authorization", format!("Bearer {}", acting.render(&token.value)?))
            }
            Some(Credentials::Token(token)) => add("Authorization", format!("token {}", acting.render(&token.value)?)),
            Some(Credentials::Basic(pair)) => add("Authorization", request::basic(pair, acting)?),
        }
        if matches!(self.credentials, Some(Credentials::Session | Credentials::Csrf(_))) {
            acting.navigate(outgoing, None).await?;
        } else {
            let what = format!("{} {}", outgoing.method, outgoing.address);
            let result = acting.visitor.call(outgoing, None).await;
            result.map_err(|obstacle| acting.obstacle(&what, obstacle))?;
        }
        page_in_its_place(acting)
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
