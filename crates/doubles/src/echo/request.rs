//! A request as JSON.

use std::net::SocketAddr;

use http::request::Parts;
use serde_json::{Map, Value, json};

/// By this name an answer is known as the echo's own.
pub const NAME: &str = "edge-smoke echo";

/// What reached the echo: method, target as it stood in the request line, header fields by name in lower case (each
/// with all its values, in order), where the connection came from, and the content where it is text.
pub fn describe(parts: &Parts, remote: SocketAddr, content: &[u8]) -> Value {
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        let value = Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
        match headers.get_mut(name.as_str()) {
            Some(Value::Array(values)) => values.push(value),
            _ => drop(headers.insert(name.as_str().to_owned(), Value::Array(vec![value]))),
        }
    }
    json!({
        "service": NAME,
        "method": parts.method.as_str(),
        "target": parts.uri.path_and_query().map_or("*", |target| target.as_str()),
        "headers": headers,
        "remote": remote.ip().to_string(),
        "content": { "bytes": content.len(), "text": std::str::from_utf8(content).ok() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_came_is_there() {
        let request = http::Request::builder()
            .method("PUT")
            .uri("/a%2Fb?x=1")
            .header("X-Two", "a")
            .header("x-two", "b")
            .header("host", "edge.test")
            .body(())
            .unwrap();
        let described = describe(&request.into_parts().0, ([127, 0, 0, 1], 80).into(), b"hi");
        assert_eq!(
            described,
            json!({
                "service": "edge-smoke echo",
                "method": "PUT",
                "target": "/a%2Fb?x=1",
                "headers": { "x-two": ["a", "b"], "host": ["edge.test"] },
                "remote": "127.0.0.1",
                "content": { "bytes": 2, "text": "hi" },
            })
        );
    }
}
