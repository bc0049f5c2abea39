//! A site of answers put together by a test, on a loopback port, with what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a request waits for others before the test counts as failed. Never waited for where all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a path answers.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status, header fields, content.
    Whole(u16, String, Vec<u8>),
    /// Header fields that announce more than comes.
    Cut(String, Vec<u8>),
    /// A content of so many bytes.
    Long(String, u64),
    /// Nothing, until the client goes away.
    Never,
    /// The same as another, once so many requests are here at once.
    Together(usize, Box<Answer>),
}

/// A site that is being put together.
#[derive(Default)]
pub(super) struct Site {
    answers: BTreeMap<String, Answer>,
}

/// A site that answers, until the test's process ends.
pub(super) struct Serving {
    pub(super) origin: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// How many requests are waiting for others.
#[derive(Default)]
struct Gate {
    here: Mutex<usize>,
    all: Condvar,
}

impl Site {
    /// With an answer of this type.
    pub(super) fn with(self, path: &str, media_type: &str, content: impl AsRef<[u8]>) -> Self {
        let fields = if media_type.is_empty() { String::new() } else { format!("Content-Type: {media_type}\r\n") };
        self.at(path, Answer::Whole(200, fields, content.as_ref().to_vec()))
    }

    /// With a page.
    pub(super) fn page(self, path: &str, content: &str) -> Self {
        self.with(path, "text/html; charset=utf-8", format!("<!doctype html>\n{content}"))
    }

    /// With a redirect.
    pub(super) fn redirect(self, path: &str, to: &str) -> Self {
        self.at(path, Answer::Whole(302, format!("Location: {to}\r\n"), Vec::new()))
    }

    /// With any answer.
    pub(super) fn at(mut self, path: &str, answer: Answer) -> Self {
        self.answers.insert(path.to_owned(), answer);
        self
    }

    /// Starts it.
    pub(super) fn serve(self) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answers, noted, gate) = (Arc::new(self.answers), seen.clone(), Arc::new(Gate::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, noted, gate) = (answers.clone(), noted.clone(), gate.clone());
                std::thread::spawn(move || serve(stream, &answers, &noted, &gate));
            }
        });
        Serving { origin, seen }
    }
}

impl Serving {
    /// The heads of requests so far, but for those of the harness's own looks at the site.
    pub(super) fn heads(&self) -> Vec<String> {
        let heads = self.seen.lock().unwrap();
        heads.iter().filter(|head| target(head).starts_with("/app/")).cloned().collect()
    }

    /// Their targets, sorted.
    pub(super) fn targets(&self) -> Vec<String> {
        let mut targets: Vec<String> = self.heads().iter().map(|head| target(head).to_owned()).collect();
        targets.sort();
        targets
    }

    /// A header field of the request for a target.
    pub(super) fn field(&self, path: &str, name: &str) -> Option<String> {
        let heads = self.heads();
        let head = heads.iter().find(|head| target(head) == path).unwrap_or_else(|| panic!("no request for {path}"));
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }
}

fn target(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

fn serve(stream: TcpStream, answers: &BTreeMap<String, Answer>, noted: &Mutex<Vec<String>>, gate: &Gate) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(stream.read_line(&mut head), Ok(1..)) {
                return;
            }
        }
        noted.lock().unwrap().push(head.clone());
        let path = target(&head).split('?').next().unwrap_or_default();
        let missing = Answer::Whole(404, "Content-Type: text/plain\r\n".to_owned(), b"not found".to_vec());
        let answer = answers.get(path).cloned().unwrap_or(missing);
        if give(&mut stream, answer, gate).is_none() {
            return;
        }
    }
}

/// Gives an answer; `None` where the connection is at its end.
fn give(stream: &mut BufReader<TcpStream>, answer: Answer, gate: &Gate) -> Option<()> {
    let mut send = |bytes: &[u8]| stream.get_mut().write_all(bytes).ok();
    match answer {
        Answer::Whole(status, fields, content) => {
            let head = format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n{fields}\r\n", content.len());
            send(&[head.as_bytes(), &content].concat())
        }
        Answer::Cut(fields, content) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n{fields}\r\n");
            send(&[head.as_bytes(), &content].concat())?;
            None
        }
        Answer::Long(fields, length) => {
            send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n").as_bytes())?;
            let block = [b' '; 64 * 1024];
            (0..length / block.len() as u64).try_for_each(|_| send(&block))
        }
        Answer::Never => {
            let _ = stream.read_line(&mut String::new());
            None
        }
        Answer::Together(number, then) => {
            let mut here = gate.here.lock().unwrap();
            *here += 1;
            gate.all.notify_all();
            let waited = gate.all.wait_timeout_while(here, PATIENCE, |here| *here < number).unwrap();
            let came = !waited.1.timed_out();
            drop(waited);
            if came { give(stream, *then, gate) } else { None }
        }
    }
}
