//! Requests as written.

use crate::span::Spanned;
use crate::template::Template;

/// A request as written.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, in upper case (RFC 9110, section 9).
    pub method: Spanned<String>,
    /// A plain path, relative to the base URL, or an absolute `http` or `https` URL. Sent byte for byte as written.
    pub target: Spanned<Template>,
    /// Header fields, in the order of the file; a name may come twice.
    pub headers: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Parameters appended to the target's query, form-urlencoded.
    pub query: Vec<(Spanned<String>, Spanned<Template>)>,
    /// The content.
    pub body: Body,
    /// Credentials for `Authorization: Basic` (RFC 7617).
    pub basic_auth: Option<BasicAuth>,
}

/// The content of a request.
#[derive(Debug, Clone)]
pub enum Body {
    /// No content.
    None,
    /// Text as written; its Content-Type is the author's business.
    Text(Spanned<Template>),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(Spanned<String>, Spanned<Template>)>),
    /// `application/json`.
    Json(Spanned<JsonTemplate>),
    /// `multipart/form-data` (RFC 7578).
    Multipart(Vec<Part>),
}

/// JSON whose strings (keys excepted) may hold variables.
#[derive(Debug, Clone)]
pub enum JsonTemplate {
    /// `null`, a boolean or a number.
    Literal(serde_json::Value),
    /// A string.
    Text(Template),
    /// An array.
    Array(Vec<JsonTemplate>),
    /// An object, in the order of the file.
    Object(Vec<(String, JsonTemplate)>),
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    /// The field's name.
    pub name: Spanned<String>,
    /// Its content.
    pub content: PartContent,
    /// The file name that is sent along.
    pub filename: Option<Spanned<Template>>,
    /// The media type that is sent along.
    pub content_type: Option<Spanned<Template>>,
}

/// Where a part's content comes from.
#[derive(Debug, Clone)]
pub enum PartContent {
    /// Text from the scenario.
    Text(Spanned<Template>),
    /// A file, its path relative to the scenario's folder.
    File(Spanned<Template>),
}

/// User name and password.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    /// The user name.
    pub user: Spanned<Template>,
    /// The password.
    pub password: Spanned<Template>,
}

/// A form of the last page, filled in and sent.
#[derive(Debug, Clone)]
pub struct Submit {
    /// CSS selector of the form.
    pub form: Spanned<Template>,
    /// The fields that the user fills in. A name that the form doesn't have is an error.
    pub with: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Header fields to send along.
    pub headers: Vec<(Spanned<String>, Spanned<Template>)>,
}
