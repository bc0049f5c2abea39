//! The server's side of a step: where the repository is, and what it says it has.

use base64::Engine as _;
use bytes::Bytes;
use git_wire::Service;
use git_wire::advertisement::Advertisement;
use scenario::model::Git;
use scenario::template::Template;
use scenario::{Diagnostic, Span, Spanned};

use super::super::Acting;
use super::answers;
use crate::engine::http::{Address, Outgoing, redirect};
use crate::engine::problem::Problem;
use crate::engine::visitor::{Obstacle, Streamed, USER_AGENT};

/// The most redirects that are followed to a repository.
const MOST_REDIRECTS: usize = 5;

/// A repository at a server.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    /// Without a slash at its end.
    pub(super) url: Address,
    authorization: Option<Vec<u8>>,
    /// Where the repository's address stands in the file.
    pub(super) span: Span,
}

impl Remote {
    pub(super) fn new(git: &Git, acting: &Acting<'_>) -> Result<Self, Problem> {
        let mut url = acting.address(&git.url)?;
        if url.target.contains('?') {
            let diagnostic = acting.diagnostic(git.url.span, "the address of a repository has no query");
            return Err(Problem::scenario(diagnostic.found(url.to_string())));
        }
        url.target.truncate(url.target.trim_end_matches('/').len());
        let authorization = match &git.basic_auth {
            None => None,
            Some(given) => {
                let pair = format!("{}:{}", acting.render(&given.user.value)?, acting.render(&given.password.value)?);
                Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)).into_bytes())
            }
        };
        Ok(Self { url, authorization, span: git.url.span })
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.authorization.is_some()
    }

    /// Asks what the server has. A redirect that leads to a repository is followed, as git does with the first request.
    pub(super) async fn discover(
        &mut self,
        service: Service,
        acting: &mut Acting<'_>,
    ) -> Result<Advertisement, Problem> {
        let query = format!("/info/refs?service={}", service.as_str());
        let mut address = Address { target: format!("{}{query}", self.url.target), ..self.url.clone() };
        for _ in 0..=MOST_REDIRECTS {
            let request = self.request("GET", address.clone(), Bytes::new());
            self.call(request, None, acting).await?;
            let next = acting.visitor.page.as_ref().and_then(|page| {
                let location = page.response.header("location")?;
                let next = redirect::next_address(&address, &location).ok()?;
                (redirect::is_redirect(page.response.status) && next.target.ends_with(&query)).then_some(next)
            });
            let Some(next) = next else {
                let content = answers::content(self, service.advertisement_type(), acting)?;
                let advertised = Advertisement::read(service, &content).map_err(|error| {
                    answers::broken(self, "what the server has can't be read", &error.to_string(), acting)
                })?;
                return if advertised.capabilities.iter().any(|known| known == "object-format=sha256") {
                    let why = "it names its objects by SHA-256";
                    Err(answers::broken(self, "this repository can't be spoken with", why, acting))
                } else {
                    Ok(advertised)
                };
            };
            // As git does: what follows goes there too, and credentials go to no other host.
            if next.origin != address.origin {
                self.authorization = None;
            }
            self.url = Address { target: next.target.trim_end_matches(&query).to_owned(), ..next.clone() };
            address = next;
        }
        Err(answers::broken(self, "the way to the repository has no end", "one redirect after the other", acting))
    }

    /// Sends a request to a service, and gives the answer's content.
    pub(super) async fn post(
        &self,
        service: Service,
        body: Bytes,
        streamed: Option<Streamed>,
        acting: &mut Acting<'_>,
    ) -> Result<Bytes, Problem> {
        let address = Address { target: format!("{}/{}", self.url.target, service.as_str()), ..self.url.clone() };
        let mut request = self.request("POST", address, body);
        let content_type = service.request_type().as_bytes().to_vec();
        request.headers.insert(0, ("Content-Type".to_owned(), content_type));
        self.call(request, streamed, acting).await?;
        answers::content(self, service.result_type(), acting)
    }

    fn request(&self, method: &str, address: Address, body: Bytes) -> Outgoing {
        let mut headers = vec![
            // Some servers answer pages to whoever doesn't call itself git.
            ("User-Agent".to_owned(), format!("git/2 ({USER_AGENT})").into_bytes()),
            ("Accept".to_owned(), b"*/*".to_vec()),
        ];
        headers.extend(self.authorization.clone().map(|value| ("Authorization".to_owned(), value)));
        Outgoing { method: method.to_owned(), address, headers, body }
    }

    async fn call(
        &self,
        request: Outgoing,
        streamed: Option<Streamed>,
        acting: &mut Acting<'_>,
    ) -> Result<(), Problem> {
        let what = format!("{} {}", request.method, request.address);
        let result = acting.visitor.call(request, streamed).await;
        result.map_err(|obstacle| match &obstacle {
            Obstacle::Http(crate::engine::http::HttpError::TooLarge { .. }) => {
                let mut problem = acting.obstacle(&what, obstacle);
                problem.diagnostic.help = Some("fetch less of it: `depth: 1` takes the newest commit alone".to_owned());
                problem
            }
            _ => acting.obstacle(&what, obstacle),
        })
    }
}

/// The name of a branch.
pub(super) fn branch(branch: &Spanned<Template>, acting: &Acting<'_>) -> Result<String, Problem> {
    let name = acting.render(&branch.value)?;
    if git_wire::reference::is_branch(&name) {
        return Ok(name);
    }
    let diagnostic: Diagnostic = acting.diagnostic(branch.span, format!("no branch can be called `{name}`"));
    Err(Problem::scenario(
        diagnostic.help("a branch's name is like `main` or `feature/one`: `git help check-ref-format`"),
    ))
}
