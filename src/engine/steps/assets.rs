//! `assets`: all that a page loads.

use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use scenario::Spanned;
use scenario::model::{Assets, AssetsPage, Follow, Subject};
use scenario::template::Template;
use url::Url;
use verdict::evidence::FailureKind;

use super::request::authorization;
use super::{Act, Acting};
use crate::engine::assets::Rules;
use crate::engine::content;
use crate::engine::http::Outgoing;
use crate::engine::page::Page;
use crate::engine::problem::Problem;

/// The most URLs that are loaded where the step doesn't say.
const LIMIT: usize = 1000;
/// The most redirects to the page; browsers follow 20.
const HOPS: usize = 20;

#[async_trait]
impl Act for Assets {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let mut headers: Vec<(String, Vec<u8>)> =
            acting.render_pairs(&self.headers)?.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        headers.extend(authorization(self.basic_auth.as_ref(), acting)?);
        let rules = rules(self, acting, headers.clone())?;
        if let AssetsPage::At(target) = &self.page {
            let address = acting.address(target)?;
            let request = Outgoing { method: "GET".to_owned(), address, headers, body: Bytes::new() };
            acting.navigate(request, Some(Follow { max_hops: HOPS })).await?;
        }
        let arrived = Instant::now();
        let Some(page) = acting.visitor.page.clone() else {
            return Err(Problem::scenario(
                acting
                    .diagnostic(acting.planned.step.span, "there is no page yet whose assets could be loaded")
                    .help("fetch it first, by a `get` step, or name it here: `assets: ${forge}/`"),
            ));
        };
        let url = checked(self, acting, &page)?;
        let text =
            content::text(&page.response).unwrap_or_else(|_| String::from_utf8_lossy(&page.response.body).into_owned());
        let document = assets::html::document(&text, &url);
        acting.visitor.load_assets(Rules { page: url, ..rules }, document, arrived).await;
        Ok(())
    }
}

fn rules(step: &Assets, acting: &Acting<'_>, headers: Vec<(String, Vec<u8>)>) -> Result<Rules, Problem> {
    let url = |template: &Spanned<Template>, what: &str| {
        let text = acting.render(&template.value)?;
        Url::parse(&text).ok().filter(Url::has_host).ok_or_else(|| {
            Problem::scenario(
                acting
                    .diagnostic(template.span, format!("`{text}` is not a whole URL"))
                    .help(format!("{what} wants one, such as `${{forge}}` or `http://edge.test/forge/`")),
            )
        })
    };
    let scope = &acting.planned.scope;
    let lookup = |name: &str| acting.variables.lookup(scope, name);
    let pattern = |template: &Spanned<Template>| {
        let compiled = scenario::predicate::pattern(&template.value, &lookup);
        compiled
            .map_err(|unresolved| {
                Problem::unresolved(&acting.planned.source, &unresolved, &acting.variables.names(scope))
            })?
            .map_err(|reason| Problem::scenario(acting.diagnostic(template.span, reason)))
    };
    Ok(Rules {
        // Not known before redirects have been followed.
        page: Url::parse(&acting.base.to_string())
            .map_err(|error| Problem::scenario(acting.diagnostic(acting.planned.step.span, error.to_string())))?,
        under: step.under.as_ref().map(|under| url(under, "`under`")).transpose()?,
        ignore: step.ignore.iter().map(pattern).collect::<Result<_, _>>()?,
        origins: step.origins.iter().map(|origin| Ok(url(origin, "`origins`")?.origin())).collect::<Result<_, _>>()?,
        limit: step.limit.unwrap_or(LIMIT),
        headers,
    })
}

/// The page's URL, if it is a page at all.
fn checked(step: &Assets, acting: &Acting<'_>, page: &Page) -> Result<Url, Problem> {
    let span = acting.planned.step.span;
    let wrong = |message: String| acting.diagnostic(span, message).label("this page");
    let (status, media_type) = (page.response.status, content::media_type(&page.response));
    // The last page was looked at by the step that fetched it, and a step that expects a status expects it.
    let is_expected = matches!(step.page, AssetsPage::Last)
        || acting.planned.step.expect.iter().any(|expectation| matches!(expectation.subject, Subject::Status));
    if !(200..=299).contains(&status) && !is_expected {
        let diagnostic =
            wrong(format!("{} isn't there", page.address)).expected("a page").found(format!("status {status}"));
        let diagnostic = diagnostic.help("if its assets are meant all the same, expect the status");
        return Err(Problem { kind: FailureKind::Expectation, diagnostic });
    }
    if !matches!(media_type.as_deref(), Some("text/html" | "application/xhtml+xml")) {
        let came = media_type.unwrap_or_else(|| "no Content-Type".to_owned());
        let mut diagnostic = wrong(format!("{} is no page", page.address))
            .expected("text/html")
            .found(format!("{came}, {} bytes", page.response.length));
        if page.response.length == 0 && status == 200 {
            diagnostic =
                diagnostic.help("200 with no content and no Content-Type is what Caddy answers where no route matches");
        }
        return Err(Problem { kind: FailureKind::Expectation, diagnostic });
    }
    Url::parse(&page.address.to_string()).map_err(|error| {
        let diagnostic = wrong(format!("{} is no URL that a browser could be at", page.address));
        Problem::scenario(diagnostic.found(error.to_string()))
    })
}
