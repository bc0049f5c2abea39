//! A user's browser, as far as a journey sees it: cookies, the last page, and the hops of the step at hand.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use scenario::model::Follow;
use verdict::evidence::SetCookie;

use super::assets::{self, Book, Rules};
use super::http::client::{Client, Outgoing, Received};
use super::http::connect::Connector;
use super::http::cookies::{self, Jar};
use super::http::error::HttpError;
use super::http::redirect;
use super::http::target::{Address, Origin};
use super::page::Page;
use super::repository::Repository;
use super::socket::SocketLog;

/// What the harness calls itself to servers.
pub const USER_AGENT: &str = concat!("edge-smoke/", env!("CARGO_PKG_VERSION"));
/// What a browser accepts of a navigation.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// One request with its response.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The request as sent.
    pub request: Outgoing,
    /// Of a content that is made while it is sent: how many bytes went out.
    pub streamed: Option<Arc<AtomicU64>>,
    /// The response, if one came.
    pub response: Option<Received>,
    /// The cookies that the response set.
    pub set_cookies: Vec<SetCookie>,
    /// Why there was no response.
    pub error: Option<HttpError>,
}

/// Why a navigation ended before a page was there.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// An exchange failed.
    Http(HttpError),
    /// There were more redirects than allowed.
    TooManyRedirects {
        /// The limit.
        limit: usize,
    },
    /// A redirect that no browser can follow.
    Location(String),
    /// The next address is none of those where the step goes; nothing was sent there.
    Astray {
        /// That address.
        to: Address,
    },
}

/// A value that a step keeps while it is under way.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The variable's name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// It must never be printed.
    pub secret: bool,
}

/// The most content that is kept of the exchanges of one step, in bytes.
const STEP_LIMIT: usize = 64 << 20;

/// Which addresses a navigation may go to.
pub type Allowed<'a> = &'a (dyn Fn(&Address) -> bool + Send + Sync);

/// The user of one journey.
#[derive(Debug)]
pub struct Visitor {
    client: Client,
    /// The cookies.
    pub jar: Jar,
    /// The last page.
    pub page: Option<Page>,
    /// The hops of the step at hand, in order.
    pub hops: Vec<Hop>,
    /// What the step at hand has loaded of a page.
    pub assets: Option<Book>,
    /// The WebSocket of the step at hand.
    pub socket: Option<SocketLog>,
    /// The values that the step at hand has kept so far.
    pub kept: Vec<Kept>,
    /// The hops that expectations look at, where they are not all of them.
    pub focus: Option<Range<usize>>,
    /// What the last step with a repository fetched or pushed.
    pub repository: Option<Repository>,
}

/// A content that is made while it is sent.
pub struct Streamed {
    /// Makes it.
    pub content: serve::Body,
    /// How many bytes went out.
    pub sent: Arc<AtomicU64>,
}

impl Visitor {
    /// A user with no cookies and no page.
    pub fn new(connector: Connector) -> Self {
        Self {
            client: Client::new(connector),
            jar: Jar::default(),
            page: None,
            hops: Vec::new(),
            focus: None,
            socket: None,
            kept: Vec::new(),
            repository: None,
            assets: None,
        }
    }

    /// Sends a request with the fields that a browser adds (unless they are given) and the cookies that belong to it, and
    /// follows redirects hop by hop as far as `follow` allows.
    ///
    /// # Errors
    /// [`Obstacle`]; what was seen until then is in [`Visitor::hops`].
    pub async fn navigate(&mut self, request: Outgoing, follow: Option<Follow>) -> Result<(), Obstacle> {
        self.navigate_within(request, follow, &|_| true).await
    }

    /// The same, but it stops before it sends anything to an address that isn't allowed.
    ///
    /// # Errors
    /// [`Obstacle`]; what was seen until then is in [`Visitor::hops`].
    pub async fn navigate_within(
        &mut self,
        mut request: Outgoing,
        follow: Option<Follow>,
        allowed: Allowed<'_>,
    ) -> Result<(), Obstacle> {
        let mut followed = 0;
        loop {
            let address = request.address.clone();
            if !allowed(&address) {
                return Err(Obstacle::Astray { to: address });
            }
            let received = self.exchange(request.clone(), true, None).await.map_err(Obstacle::Http)?;
            let location = received.header("location").filter(|_| redirect::is_redirect(received.status));
            let incomplete = received.incomplete.clone();
            self.page = Some(Page::new(address.clone(), received));
            if let Some(error) = incomplete.or_else(|| self.too_much()) {
                return Err(Obstacle::Http(error));
            }
            let (Some(location), Some(follow)) = (location, follow) else { return Ok(()) };
            if followed == follow.max_hops {
                return Err(Obstacle::TooManyRedirects { limit: follow.max_hops });
            }
            followed += 1;
            request = self.next_request(request, &address, &location)?;
        }
    }

    /// Sends one request as a program does: with no cookie that it wasn't given, and without keeping any. A streamed
    /// content takes the place of the request's own.
    ///
    /// # Errors
    /// [`Obstacle`]; what was seen until then is in [`Visitor::hops`].
    pub async fn call(&mut self, request: Outgoing, content: Option<Streamed>) -> Result<(), Obstacle> {
        let address = request.address.clone();
        let received = self.exchange(request, false, content).await.map_err(Obstacle::Http)?;
        let incomplete = received.incomplete.clone();
        self.page = Some(Page::new(address, received));
        incomplete.map_or(Ok(()), |error| Err(Obstacle::Http(error)))
    }

    /// Sees whether somebody takes connections there.
    ///
    /// # Errors
    /// [`HttpError`], why none came about.
    pub async fn reach(&self, origin: &Origin) -> Result<(), HttpError> {
        self.client.reach(origin).await
    }

    /// More content in one step than is kept.
    fn too_much(&self) -> Option<HttpError> {
        let kept: usize = self.hops.iter().filter_map(|hop| hop.response.as_ref()).map(|got| got.body.len()).sum();
        (kept > STEP_LIMIT).then_some(HttpError::TooLarge { limit: STEP_LIMIT, announced: None })
    }

    /// The hops that expectations look at.
    pub fn focused(&self) -> &[Hop] {
        self.focus.clone().and_then(|range| self.hops.get(range)).unwrap_or(&self.hops)
    }

    /// Loads what a page refers to. What is known of it is in [`Visitor::assets`] all the while.
    /// The page, whose `document` it is, `arrived` then.
    pub async fn load_assets(&mut self, rules: Rules, document: ::assets::html::Document, arrived: Instant) {
        let mut book = Book::new(rules);
        book.duration = self.duration();
        let book = self.assets.insert(book);
        assets::load(book, document, arrived, &self.client, &mut self.jar).await;
    }

    fn next_request(&self, previous: Outgoing, from: &Address, location: &str) -> Result<Outgoing, Obstacle> {
        let status = self.page.as_ref().map_or(0, |page| page.response.status);
        let address = redirect::next_address(from, location).map_err(Obstacle::Location)?;
        let (method, keeps_content) = redirect::next_method(status, &previous.method);
        let same_origin = address.origin == from.origin;
        let mut headers = previous.headers;
        headers.retain(|(name, _)| {
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                // Only a cookie that the user wrote by hand is in here; the jar's are added at sending.
                "host" => false,
                "authorization" | "cookie" => same_origin,
                "content-type" | "content-length" | "origin" => keeps_content,
                _ => true,
            }
        });
        let body = if keeps_content { previous.body } else { Bytes::new() };
        Ok(Outgoing { method, address, headers, body })
    }

    async fn exchange(
        &mut self,
        mut request: Outgoing,
        with_cookies: bool,
        content: Option<Streamed>,
    ) -> Result<Received, HttpError> {
        let given = |name: &str| request.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        let cookie =
            if given("cookie") || !with_cookies { None } else { self.jar.header(&request.address, cookies::now()) };
        let defaults =
            [("User-Agent", Some(USER_AGENT.to_owned())), ("Accept", Some(ACCEPT.to_owned())), ("Cookie", cookie)];
        let missing: Vec<_> = defaults
            .into_iter()
            .filter(|(name, _)| !given(name))
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into_bytes())))
            .collect();
        request.headers.splice(0..0, missing);
        let streamed = content.as_ref().map(|content| content.sent.clone());
        self.note_request(&request, streamed);
        let result = match content {
            None => self.client.send(&request).await,
            Some(streamed) => self.client.send_streamed(&request, streamed.content).await,
        };
        self.note_answer(&request, result.as_ref(), with_cookies);
        result
    }

    /// Sends a request, as it is, that asks for another protocol. Its answer is the last page; where the server switches
    /// there is a connection too.
    ///
    /// # Errors
    /// [`Obstacle::Http`]; what was seen until then is in [`Visitor::hops`].
    pub async fn switch(&mut self, request: Outgoing) -> Result<Option<Upgraded>, Obstacle> {
        self.note_request(&request, None);
        let (received, switched) = match self.client.switch(&request).await {
            Ok((received, switched)) => (Ok(received), switched),
            Err(error) => (Err(error), None),
        };
        self.note_answer(&request, received.as_ref(), true);
        let received = received.map_err(Obstacle::Http)?;
        let incomplete = received.incomplete.clone();
        self.page = Some(Page::new(request.address, received));
        match incomplete {
            Some(error) => Err(Obstacle::Http(error)),
            None => Ok(switched),
        }
    }

    /// Noted before it is sent, so that a deadline leaves it in the trace.
    fn note_request(&mut self, request: &Outgoing, streamed: Option<Arc<AtomicU64>>) {
        self.hops.push(Hop {
            request: request.clone(),
            streamed,
            response: None,
            set_cookies: Vec::new(),
            error: None,
        });
    }

    fn note_answer(&mut self, request: &Outgoing, result: Result<&Received, &HttpError>, with_cookies: bool) {
        let mut no_jar = Jar::default();
        let jar = if with_cookies { &mut self.jar } else { &mut no_jar };
        if let Some(hop) = self.hops.last_mut() {
            match result {
                Ok(received) => {
                    let fields = received.headers.iter().filter(|(name, _)| name == "set-cookie");
                    hop.set_cookies =
                        fields.map(|(_, value)| jar.store(value, &request.address, cookies::now())).collect();
                    hop.response = Some(received.clone());
                }
                Err(error) => hop.error = Some(error.clone()),
            }
        }
    }

    /// From the first byte sent to the last byte received, of all hops that expectations look at together.
    pub fn duration(&self) -> Duration {
        self.focused().iter().filter_map(|hop| hop.response.as_ref()).map(|response| response.duration).sum()
    }
}

impl Received {
    /// The first value of a field; its name in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        let field = self.headers.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}
