//! A server that misbehaves on purpose: one behaviour a path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// A server on a loopback port, until the test's process ends.
pub(crate) struct Server {
    /// Its origin, such as `http://127.0.0.1:1234`.
    pub(crate) origin: String,
    /// The heads of all requests, as they were on the wire.
    pub(crate) heads: Receiver<String>,
}

impl Server {
    /// Starts it.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (sender, heads) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || serve(stream, &sender));
            }
        });
        Self { origin, heads }
    }

    /// The request lines seen so far.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        self.heads.try_iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }
}

fn serve(stream: TcpStream, heads: &Sender<String>) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some((head, path)) = read_request(&mut reader) {
        let _ = heads.send(head);
        if answer(&mut writer, &path).is_none() {
            return;
        }
    }
}

/// The head as it came, and the path without its query. The content is read and forgotten.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
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
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: u64 = length.filter_map(|(_, value)| value.trim().parse().ok()).next().unwrap_or_default();
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
    let target = head.split(' ').nth(1)?.to_owned();
    Some((head, target.split('?').next()?.to_owned()))
}

/// Answers by path; `None` where the connection is at its end.
fn answer(out: &mut TcpStream, path: &str) -> Option<()> {
    let html = |out: &mut TcpStream, fields: &str, body: &str| {
        let length = body.len();
        write!(out, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n{fields}\r\n{body}").ok()
    };
    let redirect = |out: &mut TcpStream, to: &str| {
        write!(out, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").ok()
    };
    match path {
        "/never" => {
            // Holds the connection open until the client gives up.
            let _ = out.try_clone().ok()?.read(&mut [0]);
            None
        }
        "/loop" => redirect(out, "/loop"),
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
