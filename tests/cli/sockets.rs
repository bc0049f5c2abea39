//! Servers for WebSockets: the echo, and one that misbehaves, a behaviour a path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Starts the echo, until the test's process ends; its origin.
pub(crate) fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let _echo = doubles::echo::Echo::serve(listener).unwrap();
            std::future::pending::<()>().await;
        });
    });
    origin
}

/// Starts the one that misbehaves, until the test's process ends; its origin.
pub(crate) fn misbehaving() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    origin
}

fn serve(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let key = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("sec-websocket-key:").then(|| line[18..].trim()));
    let accept = derive_accept_key(key.unwrap_or_default().as_bytes());
    let mut out = stream;
    match path.as_str() {
        "/never" => return stay(&mut out),
        "/empty" => return answer(&mut out, "200 OK", "", ""),
        "/page" => return answer(&mut out, "200 OK", "Content-Type: text/html\r\n", "<h1>Hello</h1>"),
        "/login" => return answer(&mut out, "302 Found", "Location: /login?to=/ws\r\n", ""),
        "/denied" => return answer(&mut out, "403 Forbidden", "Content-Type: text/plain\r\n", "wrong origin"),
        "/gone" => return answer(&mut out, "502 Bad Gateway", "", ""),
        "/accept" => switch(&mut out, "Upgrade: websocket\r\nConnection: Upgrade\r\n", "bm90IHRoaXMgb25lIGF0IGFsbCE=")?,
        "/bare" => switch(&mut out, "Connection: Upgrade\r\n", &accept)?,
        "/extension" => switch(
            &mut out,
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
            &accept,
        )?,
        "/subprotocol" => {
            switch(&mut out, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: other\r\n", &accept)?
        }
        "/cuthead" => {
            out.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgr").ok()?;
            return None;
        }
        _ => switch(&mut out, "Upgrade: websocket\r\nConnection: Upgrade\r\n", &accept)?,
    }
    frames(&mut out, &path)
}

fn answer(out: &mut TcpStream, status: &str, fields: &str, content: &str) -> Option<()> {
    let length = content.len();
    write!(out, "HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{content}").ok()
}

fn switch(out: &mut TcpStream, fields: &str, accept: &str) -> Option<()> {
    write!(out, "HTTP/1.1 101 Switching Protocols\r\n{fields}Sec-WebSocket-Accept: {accept}\r\n\r\n").ok()
}

/// A frame of less than 126 bytes, by its first byte.
fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, u8::try_from(content.len()).unwrap()];
    frame.extend_from_slice(content);
    frame
}

/// Holds the connection open, and reads whatever comes, until the client gives up.
fn stay(out: &mut TcpStream) -> Option<()> {
    let mut buffer = [0; 4096];
    while out.read(&mut buffer).ok()? > 0 {}
    None
}

fn frames(out: &mut TcpStream, path: &str) -> Option<()> {
    let text = |content: &str| frame(0x81, content.as_bytes());
    match path {
        "/hello" => out.write_all(&text("hello")).ok()?,
        "/late" => {
            thread::sleep(Duration::from_millis(300));
            out.write_all(&text("late")).ok()?;
        }
        "/reserved" => out.write_all(&frame(0xC1, b"squeezed")).ok()?,
        "/masked" => out.write_all(&[0x81, 0x82, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2]).ok()?,
        "/utf8" => out.write_all(&frame(0x81, &[b'a', 0xff, 0xfe])).ok()?,
        "/opcode" => out.write_all(&frame(0x83, b"x")).ok()?,
        "/continue" => out.write_all(&frame(0x80, b"x")).ok()?,
        "/interrupt" => out.write_all(&[frame(0x01, b"one"), frame(0x81, b"two")].concat()).ok()?,
        "/fragmentedping" => out.write_all(&frame(0x09, b"x")).ok()?,
        "/longping" => {
            out.write_all(&[0x89, 126, 0, 126]).ok()?;
            out.write_all(&[b'x'; 126]).ok()?;
        }
        "/badclose" => out.write_all(&frame(0x88, &[3])).ok()?,
        "/oversize" => out.write_all(&[0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]).ok()?,
        "/away" => out.write_all(&frame(0x88, &[&1001_u16.to_be_bytes()[..], b"restarting"].concat())).ok()?,
        "/nocode" => out.write_all(&frame(0x88, b"")).ok()?,
        "/cut" => {
            out.write_all(&text("one")).ok()?;
            return None;
        }
        "/cutmid" => {
            out.write_all(&[0x81, 100, b'x']).ok()?;
            return None;
        }
        "/fragments" => {
            out.write_all(&frame(0x01, b"never ")).ok()?;
            return endlessly(out, &frame(0x00, b""));
        }
        "/fill" => {
            out.write_all(&frame(0x02, b"")).ok()?;
            return endlessly(out, &frame(0x00, &[b'x'; 125]));
        }
        "/flood" => return endlessly(out, &text("x")),
        "/pings" => return endlessly(out, &frame(0x89, b"x")),
        // Says nothing, whatever it is told.
        _ => {}
    }
    stay(out)
}

/// The same again and again, until the client gives up.
fn endlessly(out: &mut TcpStream, frame: &[u8]) -> Option<()> {
    let block = frame.repeat(1000);
    loop {
        out.write_all(&block).ok()?;
    }
}
