//! HTTP/1.1 messages as they stand on the wire, with nothing normalised.

use std::net::SocketAddr;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The request line or the status line.
    pub(crate) start: String,
    /// Fields in the order in which they came, their names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    /// The content, without its framing.
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// All values of a field, joined.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.fields.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads a head; `None` where the connection ends before one.
pub(crate) async fn read_head<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<Message> {
    let start = read_line(reader).await?;
    let mut fields = Vec::new();
    loop {
        let line = read_line(reader).await?;
        if line.is_empty() {
            return Some(Message { start, fields, body: Vec::new() });
        }
        let (name, value) = line.split_once(':')?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await.ok()?;
    line.ends_with(b"\n").then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// Reads a content as its fields frame it; one without frame has none, or goes to the connection's end.
pub(crate) async fn read_body<R: AsyncBufRead + Unpin>(
    reader: &mut R,
    message: &mut Message,
    to_end: bool,
) -> Option<()> {
    if message.field("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        loop {
            let size = usize::from_str_radix(read_line(reader).await?.split(';').next()?.trim(), 16).ok()?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk).await.ok()?;
            message.body.extend(chunk);
            while !read_line(reader).await?.is_empty() {}
            if size == 0 {
                return Some(());
            }
        }
    }
    if let Some(length) = message.field("content-length") {
        message.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut message.body).await.ok()?;
    } else if to_end {
        reader.read_to_end(&mut message.body).await.ok()?;
    }
    Some(())
}

/// Sends bytes and reads one answer. `None` where there is none.
pub(crate) async fn ask(address: SocketAddr, request: &[u8]) -> Option<Message> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    stream.write_all(request).await.ok()?;
    let mut answer = read_head(&mut stream).await?;
    while answer.status() == 100 {
        answer = read_head(&mut stream).await?;
    }
    let bodiless = request.starts_with(b"HEAD ") || matches!(answer.status(), 101 | 204 | 304);
    if !bodiless {
        read_body(&mut stream, &mut answer, true).await?;
    }
    Some(answer)
}
