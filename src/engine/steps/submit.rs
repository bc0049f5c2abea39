//! `submit`: a form of the last page, filled in and sent as a browser sends it.

use async_trait::async_trait;
use bytes::Bytes;
use scenario::model::Submit;
use verdict::evidence::FailureKind;

use super::request::{RenderedPart, multipart};
use super::{Act, Acting};
use crate::engine::form::{self, Encoding, FilledForm, FormError};
use crate::engine::http::Outgoing;
use crate::engine::http::target::{Address, form_urlencoded};
use crate::engine::problem::Problem;

#[async_trait]
impl Act for Submit {
    async fn act(&self, acting: &mut Acting<'_>) -> Result<(), Problem> {
        let request = outgoing(self, acting)?;
        acting.navigate(request, acting.planned.step.follow).await
    }
}

/// The request that submits the form, once it is filled in.
pub(super) fn outgoing(submit: &Submit, acting: &Acting<'_>) -> Result<Outgoing, Problem> {
    let Some(page) = &acting.visitor.page else {
        return Err(Problem::scenario(
            acting
                .diagnostic(submit.form.span, "there is no page yet to find a form on")
                .help("fetch the page with the form first, by a `get` step"),
        ));
    };
    let text = acting.render(&submit.form.value)?;
    let selector = super::selector(&text, &acting.planned.source, submit.form.span)?;
    let with = acting.render_pairs(&submit.with)?;
    let submitted = page.look(|document| form::submit(document, &page.address.to_string(), &selector, &with));
    let filled = submitted
        .map_err(|unreadable| Problem {
            kind: FailureKind::Expectation,
            diagnostic: acting
                .diagnostic(submit.form.span, "the last page can't be read")
                .found(unreadable.found)
                .help(unreadable.help),
        })?
        .map_err(|error| explain(submit, acting, &page.address, page.response.status, error))?;
    let mut headers = vec![
        // A browser sends both with a form; Gitea and others refuse a POST whose Origin isn't their own.
        ("Origin".to_owned(), page.address.origin.to_string().into_bytes()),
        ("Referer".to_owned(), page.address.to_string().into_bytes()),
    ];
    if filled.method == "GET" {
        headers.remove(0);
    }
    for (name, value) in acting.render_pairs(&submit.headers)? {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        headers.push((name, value.into_bytes()));
    }
    request(filled, headers, acting, submit)
}

fn request(
    filled: FilledForm,
    mut headers: Vec<(String, Vec<u8>)>,
    acting: &Acting<'_>,
    submit: &Submit,
) -> Result<Outgoing, Problem> {
    let mut address = Address::parse(&filled.action, acting.base).map_err(|error| {
        Problem::scenario(acting.diagnostic(submit.form.span, format!("the form's action leads nowhere: {error}")))
    })?;
    if filled.method == "GET" {
        // HTML standard, "mutate action URL": the fields take the place of the action's own query.
        address.target = address.path().to_owned();
        address = address.with_query(&filled.fields);
        return Ok(Outgoing { method: filled.method, address, headers, body: Bytes::new() });
    }
    let (content_type, body) = match filled.encoding {
        Encoding::UrlEncoded => {
            ("application/x-www-form-urlencoded".to_owned(), form_urlencoded(&filled.fields).into_bytes())
        }
        Encoding::Plain => {
            let lines: String = filled.fields.iter().map(|(name, value)| format!("{name}={value}\r\n")).collect();
            ("text/plain".to_owned(), lines.into_bytes())
        }
        Encoding::Multipart => {
            let part = |(name, value): (String, String)| RenderedPart {
                name,
                filename: None,
                content_type: None,
                content: value.into_bytes(),
            };
            multipart(&filled.fields.into_iter().map(part).collect::<Vec<_>>())
        }
    };
    headers.push(("Content-Type".to_owned(), content_type.into_bytes()));
    Ok(Outgoing { method: filled.method, address, headers, body: Bytes::from(body) })
}

fn explain(submit: &Submit, acting: &Acting<'_>, page: &Address, status: u16, error: FormError) -> Problem {
    let span = submit.form.span;
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join("; ") };
    match error {
        // The page may be another than the scenario means: that is the site's doing as likely as the scenario's.
        FormError::Missing { there } => Problem {
            kind: FailureKind::Expectation,
            diagnostic: acting
                .diagnostic(span, "the form isn't on the page")
                .label("no such form")
                .expected("a form that fits this selector")
                .found(format!("forms on {page} (status {status}): {}", list(there)))
                .help("if this is the right page, correct the selector"),
        },
        FormError::NotAForm { element } => Problem::scenario(
            acting
                .diagnostic(span, "the selector finds something else than a form")
                .found(format!("a <{element}> element"))
                .help("select the form itself, not what is in it"),
        ),
        FormError::Ambiguous { fitting } => Problem::scenario(
            acting
                .diagnostic(span, format!("{} forms fit the selector", fitting.len()))
                .found(list(fitting))
                .help("select by `action` or `id`, so that one fits"),
        ),
        FormError::UnknownField { index, known } => {
            let field = submit.with.get(index);
            let span = field.map_or(span, |(name, _)| name.span);
            let name = field.map(|(name, _)| name.value.clone()).unwrap_or_default();
            Problem::scenario(
                acting
                    .diagnostic(span, format!("the form has no field `{name}`"))
                    .label("no such field")
                    .found(format!("fields of the form: {}", list(known)))
                    .help("a field that scripts add, or that is disabled, isn't there for a client without scripts"),
            )
        }
        FormError::Action { reason } => {
            Problem::scenario(acting.diagnostic(span, "the form's action leads nowhere").found(reason))
        }
    }
}
