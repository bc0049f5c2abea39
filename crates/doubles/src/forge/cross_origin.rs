//! Whether a browser's request comes from the forge's own pages, as far as the browser tells (Gitea).

use http::{HeaderMap, header};

/// By Sec-Fetch-Site where there is one, and else by Origin, which must be the very host that the request says it is for. So an edge that
/// forwards another Host turns the forge's own pages into strangers. What tells of no origin is no browser, and passes.
pub(super) fn check(headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match text("sec-fetch-site") {
        "same-origin" | "none" => return Ok(()),
        "" => {}
        _ => return Err("cross-origin request detected from Sec-Fetch-Site header"),
    }
    let origin = text(header::ORIGIN.as_str());
    let host = origin.split_once("://").map(|(_, host)| host);
    if origin.is_empty() || host == Some(text(header::HOST.as_str())) {
        return Ok(());
    }
    Err(
        "cross-origin request detected, and/or browser is out of date: Sec-Fetch-Site is missing, and Origin does not match Host",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_a_stranger() {
        for (site, origin, host, passes) in [
            ("", "", "inside:3000", true),
            ("", "http://edge.test:8080", "edge.test:8080", true),
            ("", "https://edge.test:8080", "edge.test:8080", true),
            ("", "http://edge.test:8080", "inside:3000", false),
            ("", "null", "edge.test", false),
            ("same-origin", "http://edge.test:8080", "inside:3000", true),
            ("none", "", "edge.test", true),
            ("same-site", "", "edge.test", false),
            ("cross-site", "http://edge.test", "edge.test", false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin), ("host", host)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(check(&headers).is_ok(), passes, "{site} {origin} {host}");
        }
    }
}
