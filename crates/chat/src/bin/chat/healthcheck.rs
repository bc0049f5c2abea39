//! Asks the service that listens on this machine how it is, for images that have no other program to do so.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use crate::{Values, fail};

/// How long each step may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Exit code 0 where it answers 200.
pub(crate) fn run(values: &Values) -> ExitCode {
    let port = values.get("CHAT_PORT").and_then(|port| port.trim().parse().ok()).unwrap_or(8080);
    let host = values.get("CHAT_HOST").and_then(|host| host.trim().parse().ok());
    let host = host.filter(|host: &std::net::IpAddr| !host.is_unspecified()).unwrap_or(Ipv4Addr::LOCALHOST.into());
    match ask(SocketAddr::new(host, port)) {
        Ok(line) if line.split(' ').nth(1) == Some("200") => ExitCode::SUCCESS,
        Ok(line) => fail(&format!("/health: expected 200, found `{}`", line.escape_debug()), 1),
        Err(error) => fail(&format!("/health: {error}"), 1),
    }
}

/// The answer's first line.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 64];
    let length = stream.read(&mut head)?;
    let text = String::from_utf8_lossy(&head[..length]).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
