//! A server for journeys, on a loopback port: one behaviour a path. Those of a site that is well are in
//! [`crate::journeys`]; the others misbehave on purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::journeys::{self, State};

/// A connection, with TLS or without.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A request as it was on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Request line and header fields.
    pub(crate) head: String,
    /// The content.
    pub(crate) content: String,
}

impl Request {
    /// The method.
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// The target: path and query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// The values of a header field.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// A server, until the test's process ends.
pub(crate) struct Server {
    /// Its origin, such as `http://127.0.0.1:1234`.
    pub(crate) origin: String,
    /// The heads of all requests, as they were on the wire.
    pub(crate) heads: Receiver<String>,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// What a server answers, by request; `None` where that is one of the misbehaviours below.
type Answer = dyn Fn(&Request) -> Option<String> + Send + Sync;

impl Server {
    /// Starts it.
    pub(crate) fn start() -> Self {
        Self::listening("http", |stream| Some(Box::new(stream)), journeys())
    }

    /// Starts one that answers in its own way, given its origin.
    pub(crate) fn answering<A>(answer: impl FnOnce(&str) -> A) -> Self
    where
        A: Fn(&Request) -> Option<String> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer(&origin));
        Self::on(listener, origin, |stream| Some(Box::new(stream)), answer)
    }

    /// Starts it behind TLS.
    pub(crate) fn start_with_tls(config: rustls::ServerConfig) -> Self {
        let config = Arc::new(config);
        let open = move |stream| -> Option<Box<dyn Stream>> {
            let connection = rustls::ServerConnection::new(config.clone()).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        };
        Self::listening("https", open, journeys())
    }

    fn listening(
        scheme: &str,
        open: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
        answer: Arc<Answer>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("{scheme}://{}", listener.local_addr().unwrap());
        Self::on(listener, origin, open, answer)
    }

    fn on(
        listener: TcpListener,
        origin: String,
        open: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
        answer: Arc<Answer>,
    ) -> Self {
        let (sender, heads) = channel();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(stream) = open(stream) else { continue };
                let (sender, noted, answer) = (sender.clone(), noted.clone(), answer.clone());
                thread::spawn(move || serve(stream, &sender, &noted, &*answer));
            }
        });
        Self { origin, heads, requests }
    }

    /// The request lines seen so far.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        self.heads.try_iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// The requests of journeys (to paths under `/j/`) so far; the harness's own looks at the site aren't among them.
    pub(crate) fn journeys(&self) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.path().starts_with("/j/")).cloned().collect()
    }

    /// All requests so far, a line each: method and target.
    pub(crate) fn lines(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| format!("{} {}", request.method(), request.target())).collect()
    }

    /// The same, a line each: method, target and content.
    pub(crate) fn walked(&self) -> Vec<String> {
        let line = |request: Request| format!("{} {} {}", request.method(), request.target(), request.content);
        self.journeys().into_iter().map(|request| line(request).trim_end().to_owned()).collect()
    }
}

/// The answers of a site that is well.
fn journeys() -> Arc<Answer> {
    let state = State::default();
    Arc::new(move |request| journeys::answer(request, &state))
}

fn serve(stream: Box<dyn Stream>, heads: &Sender<String>, noted: &Mutex<Vec<Request>>, answer: &Answer) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream) {
        let _ = heads.send(request.head.clone());
        noted.lock().unwrap().push(request.clone());
        let answered = match answer(&request) {
            Some(response) => stream.get_mut().write_all(response.as_bytes()).ok(),
            None => misbehave(stream.get_mut().as_mut(), request.path()),
        };
        if answered.and_then(|()| stream.get_mut().flush().ok()).is_none() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<Box<dyn Stream>>) -> Option<Request> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[before..].trim().is_empty() {
            break;
        }
    }
    let mut request = Request { head, content: String::new() };
    let length = request.header("content-length").first().and_then(|value| value.trim().parse().ok());
    let mut content = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut content).ok()?;
    request.content = String::from_utf8_lossy(&content).into_owned();
    Some(request)
}

/// Answers by path; `None` where the connection is at its end.
fn misbehave(out: &mut dyn Stream, path: &str) -> Option<()> {
    let html = |out: &mut dyn Stream, fields: &str, body: &str| {
        let length = body.len();
        write!(out, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n{fields}\r\n{body}").ok()
    };
    let redirect = |out: &mut dyn Stream, to: &str| {
        write!(out, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").ok()
    };
    match path {
        "/never" => {
            // Holds the connection open until the client gives up.
            let _ = out.read(&mut [0]);
            None
        }
        "/loop" => redirect(out, "/loop"),
        // Each answer is small enough to be read, all of them together are too much.
        "/heavy" => {
            let length = 15 << 20;
            write!(out, "HTTP/1.1 302 Found\r\nLocation: /heavy\r\nContent-Length: {length}\r\n\r\n").ok()?;
            out.write_all(&vec![b'x'; length]).ok()
        }
        "/lost" => redirect(out, "/forge/step"),
        "/forge/step" => redirect(out, "/login"),
        "/mail" => redirect(out, "mailto:someone@example.org"),
        "/huge" => {
            write!(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1073741824\r\n\r\n").ok()?;
            let block = [b'x'; 64 * 1024];
            for _ in 0..16 * 1024 {
                out.write_all(&block).ok()?;
            }
            Some(())
        }
        "/binary" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nab\xff\xfe").ok()
        }
        "/cut" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this").ok()?;
            None
        }
        "/garbage" => {
            out.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").ok()?;
            None
        }
        "/cookies" => {
            html(out, "Set-Cookie: nothing\r\nSet-Cookie: s=1; Secure\r\nSet-Cookie: fine=1; Path=/x\r\n", "<p>")
        }
        "/form" => html(out, "", "<form id=login action=/welcome method=post><input name=user_name></form>"),
        "/empty" => write!(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok(),
        "/token" => html(
            out,
            "Set-Cookie: session=s3cr3t-token-0123; Path=/\r\nX-Token: s3cr3t-token-0123\r\n",
            "s3cr3t-token-0123",
        ),
        _ => html(out, "", "<h1>Hello</h1>"),
    }
}
