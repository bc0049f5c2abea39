//! One request out, one response in, over connections that are kept.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serve::Body;

use super::connect::{Connector, Stream};
use super::error::HttpError;
use super::patient::Patient;
use super::target::{Address, Origin};

/// The most content that is read of a response, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// More than this is sent over a connection of its own, in bytes: somebody on the way may answer before it is at its end.
const LARGE: usize = 64 * 1024;

/// A request, complete but for the `Host` field.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The method.
    pub method: String,
    /// Where it goes.
    pub address: Address,
    /// All header fields in order, `Host` excepted.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The content.
    pub body: Bytes,
}

/// How much of a response's content is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The most that is kept, in bytes.
    pub keep: usize,
    /// The most that is read, in bytes.
    pub read: usize,
    /// More than is read is an error; otherwise the rest is left where it is.
    pub is_whole: bool,
}

impl Reading {
    /// All of it.
    pub const WHOLE: Self = Self { keep: BODY_LIMIT, read: BODY_LIMIT, is_whole: true };
}

/// A response.
#[derive(Debug, Clone)]
pub struct Received {
    /// The status code.
    pub status: u16,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The content, as far as it came.
    pub body: Bytes,
    /// The size of the content in bytes: all that came, kept or not; as announced where not all of it was read.
    pub length: u64,
    /// Why the content isn't whole.
    pub incomplete: Option<HttpError>,
    /// From the first byte sent to the last byte received.
    pub duration: Duration,
    /// How the content came.
    pub arrival: Arrival,
}

/// When the pieces of a content came, counted from the first byte sent. What comes together is one piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrival {
    /// How many there were.
    pub pieces: u64,
    /// When the first came.
    pub first: Duration,
    /// When the last came.
    pub last: Duration,
}

impl Arrival {
    fn note(&mut self, at: Duration) {
        if self.pieces == 0 {
            self.first = at;
        }
        self.pieces += 1;
        self.last = at;
    }

    /// The time from the first piece to the last.
    pub fn spread(&self) -> Duration {
        self.last.saturating_sub(self.first)
    }
}

/// A client of one journey: its connections are its own.
#[derive(Debug)]
pub struct Client {
    connector: Connector,
    idle: HashMap<Origin, SendRequest<Body>>,
}

impl Client {
    /// A client without connections.
    pub fn new(connector: Connector) -> Self {
        Self { connector, idle: HashMap::new() }
    }

    /// Opens a connection and closes it again, TLS included where the origin has it.
    ///
    /// # Errors
    /// [`HttpError`], why none came about.
    pub async fn reach(&self, origin: &Origin) -> Result<(), HttpError> {
        self.connector.connect(origin).await.map(drop)
    }

    /// Sends the request and reads the response. A kept connection that the server has closed meanwhile is replaced.
    ///
    /// # Errors
    /// [`HttpError`], where not even a response's head came.
    pub async fn send(&mut self, outgoing: &Outgoing) -> Result<Received, HttpError> {
        self.send_reading(outgoing, &|_| Reading::WHOLE).await
    }

    /// A client of the same journey with connections of its own.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new(self.connector.clone())
    }

    /// The same as [`Client::send`], reading as much of the content as `reading` says of the header fields.
    ///
    /// # Errors
    /// [`HttpError`], where not even a response's head came.
    pub async fn send_reading(
        &mut self,
        outgoing: &Outgoing,
        reading: &(dyn Fn(&http::HeaderMap) -> Reading + Send + Sync),
    ) -> Result<Received, HttpError> {
        if outgoing.body.len() > LARGE {
            return self.send_streamed(outgoing, serve::full(outgoing.body.clone())).await;
        }
        let mut request = build(outgoing, serve::full(outgoing.body.clone()))?;
        let origin = &outgoing.address.origin;
        if let Some(mut kept) = self.idle.remove(origin)
            && kept.ready().await.is_ok()
        {
            let started = Instant::now();
            match kept.try_send_request(request).await {
                Ok(response) => return self.receive(origin, kept, response, started, reading).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(protocol(&error.into_error())),
                },
            }
        }
        let stream = self.connector.connect(origin).await?;
        let mut sender = open(stream).await?;
        let started = Instant::now();
        let response = sender.send_request(request).await.map_err(|error| protocol(&error))?;
        self.receive(origin, sender, response, started, reading).await
    }

    /// Sends the request with this content in place of its own, over a connection of its own: what is made while it is sent
    /// can't be sent again, and the answer may come before its end.
    ///
    /// # Errors
    /// [`HttpError`], where not even a response's head came.
    pub async fn send_streamed(&mut self, outgoing: &Outgoing, content: Body) -> Result<Received, HttpError> {
        let request = build(outgoing, content)?;
        let origin = &outgoing.address.origin;
        let stream = self.connector.connect(origin).await?;
        let mut sender = open(Patient::new(stream)).await?;
        let started = Instant::now();
        let response = sender.send_request(request).await.map_err(|error| protocol(&error))?;
        let received = self.receive(origin, sender, response, started, &|_| Reading::WHOLE).await;
        // What is left of the content may still be on its way.
        self.idle.remove(origin);
        received
    }

    /// Sends a request that asks for another protocol, on a connection of its own. Gives the answer, and the connection
    /// where the server switches (101).
    ///
    /// # Errors
    /// [`HttpError`], where not even a response's head came.
    pub async fn switch(&mut self, outgoing: &Outgoing) -> Result<(Received, Option<Upgraded>), HttpError> {
        let request = build(outgoing, serve::full(outgoing.body.clone()))?;
        let origin = &outgoing.address.origin;
        let stream = self.connector.connect(origin).await?;
        let (mut sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| protocol(&error))?;
        tokio::spawn(connection.with_upgrades());
        let started = Instant::now();
        let mut response = sender.send_request(request).await.map_err(|error| protocol(&error))?;
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            return Ok((self.receive(origin, sender, response, started, &|_| Reading::WHOLE).await?, None));
        }
        let switched = hyper::upgrade::on(&mut response).await.map_err(|error| protocol(&error))?;
        let received = Received {
            status: response.status().as_u16(),
            headers: fields(response.headers()),
            body: Bytes::new(),
            incomplete: None,
            length: 0,
            duration: started.elapsed(),
            arrival: Arrival::default(),
        };
        Ok((received, Some(switched)))
    }

    async fn receive(
        &mut self,
        origin: &Origin,
        sender: SendRequest<Body>,
        response: hyper::Response<hyper::body::Incoming>,
        started: Instant,
        reading: &(dyn Fn(&http::HeaderMap) -> Reading + Send + Sync),
    ) -> Result<Received, HttpError> {
        let (head, mut incoming) = response.into_parts();
        let reading = reading(&head.headers);
        let announced: Option<u64> =
            head.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        let mut length = 0;
        let mut incomplete = None;
        let mut is_left = false;
        let mut arrival = Arrival::default();
        while let Some(frame) = incoming.frame().await {
            match frame {
                Ok(frame) => {
                    if let Some(data) = frame.data_ref() {
                        arrival.note(started.elapsed());
                        if length + data.len() > reading.read && reading.is_whole {
                            incomplete = Some(HttpError::TooLarge { limit: reading.read, announced });
                            break;
                        }
                        length += data.len();
                        body.extend_from_slice(&data[..data.len().min(reading.keep - body.len())]);
                        if length > reading.read {
                            is_left = true;
                            break;
                        }
                    }
                }
                Err(error) => {
                    incomplete = Some(protocol(&error));
                    break;
                }
            }
        }
        if incomplete.is_none() && !is_left {
            self.idle.insert(origin.clone(), sender);
        }
        Ok(Received {
            status: head.status.as_u16(),
            headers: fields(&head.headers),
            body: Bytes::from(body),
            length: announced.filter(|_| is_left).unwrap_or(length as u64),
            incomplete,
            duration: started.elapsed(),
            arrival,
        })
    }
}

fn fields(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

async fn open(stream: impl Stream + 'static) -> Result<SendRequest<Body>, HttpError> {
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| protocol(&error))?;
    // Ends by itself when the sender is dropped; its error reaches the caller through the sender as well.
    tokio::spawn(connection);
    Ok(sender)
}

fn build(outgoing: &Outgoing, content: Body) -> Result<hyper::Request<Body>, HttpError> {
    let wrong = |reason: String| HttpError::Request { reason };
    let target = outgoing
        .address
        .target
        .parse::<http::uri::PathAndQuery>()
        .map_err(|error| wrong(format!("the target `{}` can't be sent: {error}", outgoing.address.target)))?;
    let mut request = hyper::Request::new(content);
    *request.method_mut() = http::Method::from_bytes(outgoing.method.as_bytes())
        .map_err(|_| wrong(format!("`{}` is no method", outgoing.method)))?;
    *request.uri_mut() = http::Uri::from(target);
    let headers = request.headers_mut();
    let names_host = outgoing.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = (!names_host).then(|| ("host".to_owned(), outgoing.address.origin.authority().into_bytes()));
    for (name, value) in host.iter().chain(&outgoing.headers) {
        let header = http::HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong(format!("`{name}` is no header field name")))?;
        let value = http::HeaderValue::from_bytes(value)
            .map_err(|_| wrong(format!("the value of `{name}` holds a character that no header field can carry")))?;
        headers.append(header, value);
    }
    Ok(request)
}

/// hyper's error with its cause, which is where the reason is.
fn protocol(error: &hyper::Error) -> HttpError {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        source = inner.source();
    }
    HttpError::Protocol { reason }
}
