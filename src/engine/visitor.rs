//! A user's browser, as far as a journey sees it: cookies, the last page, and the hops of the step at hand.

use std::time::{Duration, Instant};

use bytes::Bytes;
use scenario::model::Follow;
use verdict::evidence::SetCookie;

use super::assets::{self, Book, Rules};
use super::http::client::{Client, Outgoing, Received};
use super::http::connect::Connector;
use super::http::cookies::{self, Jar};
use super::http::error::HttpError;
use super::http::redirect;
use super::http::target::Address;
use super::page::Page;

/// What the harness calls itself to servers.
pub const USER_AGENT: &str = concat!("edge-smoke/", env!("CARGO_PKG_VERSION"));
/// What a browser accepts of a navigation.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// One request with its response.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The request as sent.
    pub request: Outgoing,
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
}

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
}

impl Visitor {
    /// A user with no cookies and no page.
    pub fn new(connector: Connector) -> Self {
        Self { client: Client::new(connector), jar: Jar::default(), page: None, hops: Vec::new(), assets: None }
    }

    /// Sends a request with the fields that a browser adds (unless they are given) and the cookies that belong to it, and
    /// follows redirects hop by hop as far as `follow` allows.
    ///
    /// # Errors
    /// [`Obstacle`]; what was seen until then is in [`Visitor::hops`].
    pub async fn navigate(&mut self, mut request: Outgoing, follow: Option<Follow>) -> Result<(), Obstacle> {
        let mut followed = 0;
        loop {
            let address = request.address.clone();
            let received = self.exchange(request.clone()).await.map_err(Obstacle::Http)?;
            let location = received.header("location").filter(|_| redirect::is_redirect(received.status));
            let incomplete = received.incomplete.clone();
            self.page = Some(Page::new(address.clone(), received));
            if let Some(error) = incomplete {
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

    async fn exchange(&mut self, mut request: Outgoing) -> Result<Received, HttpError> {
        let given = |name: &str| request.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        let cookie = if given("cookie") { None } else { self.jar.header(&request.address, cookies::now()) };
        let defaults =
            [("User-Agent", Some(USER_AGENT.to_owned())), ("Accept", Some(ACCEPT.to_owned())), ("Cookie", cookie)];
        let missing: Vec<_> = defaults
            .into_iter()
            .filter(|(name, _)| !given(name))
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into_bytes())))
            .collect();
        request.headers.splice(0..0, missing);
        // Noted before it is sent, so that a deadline leaves it in the trace.
        self.hops.push(Hop { request: request.clone(), response: None, set_cookies: Vec::new(), error: None });
        let result = self.client.send(&request).await;
        let jar = &mut self.jar;
        if let Some(hop) = self.hops.last_mut() {
            match &result {
                Ok(received) => {
                    let fields = received.headers.iter().filter(|(name, _)| name == "set-cookie");
                    hop.set_cookies =
                        fields.map(|(_, value)| jar.store(value, &request.address, cookies::now())).collect();
                    hop.response = Some(received.clone());
                }
                Err(error) => hop.error = Some(error.clone()),
            }
        }
        result
    }

    /// From the first byte sent to the last byte received, of all hops together.
    pub fn duration(&self) -> Duration {
        self.hops.iter().filter_map(|hop| hop.response.as_ref()).map(|response| response.duration).sum()
    }
}

impl Received {
    /// The first value of a field; its name in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        let field = self.headers.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}
