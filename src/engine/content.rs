//! A response's content as expectations and captures look at it: text, elements, JSON.

use scenario::predicate::Found;
use scraper::{Html, Selector};

use super::http::client::Received;

/// Why the content can't be looked at in this way: what came, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What came.
    pub found: String,
    /// What to do.
    pub help: String,
}

/// The content as text, by the charset of its media type (UTF-8 where there is none).
///
/// # Errors
/// The bytes aren't text in that charset.
pub fn text(response: &Received) -> Result<String, Unreadable> {
    let content_type = response.header("content-type").unwrap_or_default();
    // No browser shows what is called compressed and isn't.
    if let Some(coding) = response.header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err(Unreadable {
            found: format!("{} bytes of `{content_type}` in Content-Encoding {coding}", response.body.len()),
            help: "the server compresses, or says that it does, without having been asked to".to_owned(),
        });
    }
    let charset = content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim_matches('"').to_ascii_lowercase());
    if let Some("iso-8859-1" | "latin1" | "windows-1252") = charset.as_deref() {
        return Ok(response.body.iter().map(|byte| char::from(*byte)).collect());
    }
    match std::str::from_utf8(&response.body) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) => {
            let byte = response.body.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(Unreadable {
                found: format!(
                    "{} bytes of `{content_type}`; byte 0x{byte:02x} at offset {} is not UTF-8",
                    response.body.len(),
                    error.valid_up_to()
                ),
                help: "look at status, headers or content type instead, or have the server declare its charset"
                    .to_owned(),
            })
        }
    }
}

/// The media type without its parameters, in lower case (RFC 9110, section 8.3.1).
pub fn media_type(response: &Received) -> Option<String> {
    let value = response.header("content-type")?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// The values of a header field.
pub fn header(response: &Received, name: &str) -> Found {
    list(
        response
            .headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| Found::Text(String::from_utf8_lossy(value).into_owned()))
            .collect(),
    )
}

/// For each element that fits: its text with white space collapsed, or an attribute where it has it.
pub fn elements(document: &Html, selector: &Selector, attribute: Option<&str>) -> Vec<String> {
    let found = document.select(selector);
    match attribute {
        Some(name) => found.filter_map(|element| element.attr(name).map(str::to_owned)).collect(),
        None => {
            found.map(|element| element.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")).collect()
        }
    }
}

/// The content as JSON.
///
/// # Errors
/// It isn't JSON.
pub fn json(response: &Received) -> Result<serde_json::Value, Unreadable> {
    let text = text(response)?;
    serde_json::from_str(&text).map_err(|error| Unreadable {
        found: format!(
            "{} bytes of `{}` that begin with `{}` ({error})",
            text.len(),
            media_type(response).unwrap_or_else(|| "no content type".to_owned()),
            text.chars().take(60).collect::<String>().escape_debug()
        ),
        help: "an edge that answers in the service's place sends a page of its own: look at the trace".to_owned(),
    })
}

/// None, one, or several.
pub fn list(mut values: Vec<Found>) -> Found {
    match values.len() {
        0 => Found::Absent,
        1 => values.remove(0),
        _ => Found::List(values),
    }
}
