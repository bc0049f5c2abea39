//! A forge that notes what it is sent, and answers everything with one status.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A request.
pub(crate) struct Request {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) authorization: Vec<String>,
    pub(crate) content: String,
}

/// Such a forge, until the test's process ends.
pub(crate) struct Forge {
    /// Under a prefix, as behind our edge.
    pub(crate) url: String,
    requests: Receiver<Request>,
}

impl Forge {
    /// One whose answers begin so, such as `201 Created`.
    pub(crate) fn answering(head: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/forge/", listener.local_addr().expect("an address"));
        let (sender, requests) = channel();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let Some(request) = read(&mut reader, &mut stream) else { continue };
                // The requests must have been noted before the answer lets the script end.
                let _ = sender.send(request);
                let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn read(reader: &mut impl BufRead, stream: &mut impl Write) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let line = line.rsplit_once(" HTTP/")?.0.to_owned();
    let (mut authorization, mut length) = (Vec::new(), 0);
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        let Some((name, value)) = field.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization.push(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            "expect" => write!(stream, "HTTP/1.1 100 Continue\r\n\r\n").ok()?,
            _ => {}
        }
    }
    let mut content = vec![0; length];
    reader.read_exact(&mut content).ok()?;
    Some(Request { line, authorization, content: String::from_utf8(content).ok()? })
}
