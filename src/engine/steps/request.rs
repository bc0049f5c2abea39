//! `get`, `post` and the other methods: one request as written.

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use scenario::model::{BasicAuth, Body, JsonTemplate, Part, PartContent, Request};

use super::{Act, Acting};
use crate::engine::http::Outgoing;
use crate::engine::http::target::form_urlencoded;
use crate::engine::problem::Problem;

#[async_trait]
impl Act for Request {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let request = outgoing(self, acting).await?;
        acting.navigate(request, acting.planned.step.follow).await
    }
}

/// The request as it is sent.
pub(super) async fn outgoing(request: &Request, acting: &Acting<'_>) -> Result<Outgoing, Problem> {
    let address = acting.address(&request.target)?.with_query(&acting.render_pairs(&request.query)?);
    let mut headers: Vec<(String, Vec<u8>)> =
        acting.render_pairs(&request.headers)?.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
    headers.extend(authorization(request.basic_auth.as_ref(), acting)?);
    let (content_type, body) = content(&request.body, acting).await?;
    let names_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(content_type) = content_type.filter(|_| !names_type) {
        headers.push(("Content-Type".to_owned(), content_type.into_bytes()));
    }
    Ok(Outgoing { method: request.method.value.clone(), address, headers, body })
}

/// `Basic …` (RFC 7617, section 2).
pub(super) fn basic(credentials: &BasicAuth, acting: &Acting<'_>) -> Result<String, Problem> {
    let pair = format!("{}:{}", acting.render(&credentials.user.value)?, acting.render(&credentials.password.value)?);
    Ok(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
}

/// The field that carries credentials, where there are any.
pub(super) fn authorization(
    credentials: Option<&BasicAuth>,
    acting: &Acting<'_>,
) -> Result<Option<(String, Vec<u8>)>, Problem> {
    let value = credentials.map(|pair| basic(pair, acting)).transpose()?;
    Ok(value.map(|value| ("Authorization".to_owned(), value.into_bytes())))
}

async fn content(body: &Body, acting: &Acting<'_>) -> Result<(Option<String>, Bytes), Problem> {
    Ok(match body {
        Body::None => (None, Bytes::new()),
        Body::Text(text) => (None, Bytes::from(acting.render(&text.value)?)),
        Body::Form(pairs) => {
            let encoded = form_urlencoded(&acting.render_pairs(pairs)?);
            (Some("application/x-www-form-urlencoded".to_owned()), Bytes::from(encoded))
        }
        Body::Json(template) => {
            let value = json(&template.value, acting)?;
            (Some("application/json".to_owned()), Bytes::from(value.to_string()))
        }
        Body::Multipart(parts) => {
            let mut rendered = Vec::with_capacity(parts.len());
            for part in parts {
                rendered.push(rendered_part(part, acting).await?);
            }
            let (content_type, body) = multipart(&rendered);
            (Some(content_type), Bytes::from(body))
        }
    })
}

pub(super) fn json(template: &JsonTemplate, acting: &Acting<'_>) -> Result<serde_json::Value, Problem> {
    Ok(match template {
        JsonTemplate::Literal(value) => value.clone(),
        JsonTemplate::Text(text) => serde_json::Value::String(acting.render(text)?),
        JsonTemplate::Array(items) => {
            serde_json::Value::Array(items.iter().map(|item| json(item, acting)).collect::<Result<_, _>>()?)
        }
        JsonTemplate::Object(entries) => serde_json::Value::Object(
            entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), json(value, acting)?)))
                .collect::<Result<_, Problem>>()?,
        ),
    })
}

/// A part of a multipart body, its file read.
#[derive(Debug, Clone)]
pub(super) struct RenderedPart {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) content: Vec<u8>,
}

async fn rendered_part(part: &Part, acting: &Acting<'_>) -> Result<RenderedPart, Problem> {
    let optional = |template: &Option<scenario::Spanned<scenario::template::Template>>| {
        template.as_ref().map(|template| acting.render(&template.value)).transpose()
    };
    let filename = optional(&part.filename)?;
    let content_type = optional(&part.content_type)?;
    match &part.content {
        PartContent::Text(text) => {
            let content = acting.render(&text.value)?.into_bytes();
            Ok(RenderedPart { name: part.name.value.clone(), filename, content_type, content })
        }
        PartContent::File(path) => {
            let given = acting.render(&path.value)?;
            let folder = std::path::Path::new(&acting.planned.source.name).parent().map(ToOwned::to_owned);
            let full = folder.unwrap_or_default().join(&given);
            let content = tokio::fs::read(&full).await.map_err(|error| {
                Problem::scenario(
                    acting
                        .diagnostic(path.span, format!("the file `{given}` can't be read"))
                        .found(format!("{}: {error}", full.display()))
                        .help("the path is relative to the scenario's folder"),
                )
            })?;
            let own_name = full.file_name().map(|name| name.to_string_lossy().into_owned());
            Ok(RenderedPart {
                name: part.name.value.clone(),
                filename: filename.or(own_name),
                content_type: content_type.or_else(|| Some("application/octet-stream".to_owned())),
                content,
            })
        }
    }
}

/// Content type and content of a `multipart/form-data` body (RFC 7578); names are escaped as the HTML standard has it.
pub(super) fn multipart(parts: &[RenderedPart]) -> (String, Vec<u8>) {
    let escape = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let boundary = boundary(parts);
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", escape(&part.name));
        if let Some(filename) = &part.filename {
            head.push_str(&format!("; filename=\"{}\"", escape(filename)));
        }
        if let Some(content_type) = &part.content_type {
            head.push_str(&format!("\r\nContent-Type: {}", content_type.replace(['\r', '\n'], " ")));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A boundary that stands in no part: the same for the same parts, so that runs can be compared.
fn boundary(parts: &[RenderedPart]) -> String {
    let mut number = 0_u32;
    loop {
        let candidate = format!("edge-smoke-{number:08}");
        let needle = candidate.as_bytes();
        if !parts.iter().any(|part| part.content.windows(needle.len()).any(|window| window == needle)) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_stands_in_no_part() {
        let part = RenderedPart {
            name: "a\"b".into(),
            filename: Some("x.txt".into()),
            content_type: Some("text/plain".into()),
            content: b"--edge-smoke-00000000".to_vec(),
        };
        let (content_type, body) = multipart(&[part]);
        assert_eq!(content_type, "multipart/form-data; boundary=edge-smoke-00000001");
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "--edge-smoke-00000001\r\nContent-Disposition: form-data; name=\"a%22b\"; filename=\"x.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n--edge-smoke-00000000\r\n--edge-smoke-00000001--\r\n"
        );
    }
}
