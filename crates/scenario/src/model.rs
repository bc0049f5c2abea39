//! What a scenario says: plain values, each with the place in the file that it was read from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::span::{Source, Span, Spanned};
use crate::template::Template;

/// One journey: one file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file that it was read from, for located messages.
    pub source: Arc<Source>,
    /// What the journey is called in reports.
    pub name: Spanned<String>,
    /// A longer text for people.
    pub description: Option<String>,
    /// Labels that `--tag` selects by.
    pub tags: Vec<Spanned<String>>,
    /// Where the journey applies; elsewhere it is skipped.
    pub when: When,
    /// Defaults of variables; the command line overrides them.
    pub vars: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Names of variables that must never be printed. The stack gives their values, or `--secret`.
    pub secrets: Vec<Spanned<String>>,
    /// The longest that the whole journey may take.
    pub timeout: Option<Spanned<Duration>>,
    /// What the user does, in order.
    pub steps: Vec<Step>,
}

/// Conditions under which a scenario or a step applies. An empty list means: anywhere.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Services that must be part of the stack.
    pub services: Vec<Spanned<Service>>,
    /// Routing modes.
    pub modes: Vec<Spanned<Mode>>,
    /// Schemes of the base URL.
    pub schemes: Vec<Spanned<Scheme>>,
    /// Kinds of stack.
    pub stacks: Vec<Spanned<StackKind>>,
    /// The journey changes data at the services; an external stack needs `--allow-writes`.
    pub writes: bool,
    /// Of a step: a selector that must find something on the last page.
    pub css: Option<Spanned<Template>>,
}

/// What stands behind the edge, and the edge itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The reverse proxy in front of all others.
    Edge,
    /// The forge (Forgejo, Gitea).
    Forge,
    /// The CI server (Woodpecker).
    Ci,
    /// The chat.
    Chat,
    /// The staging site.
    Staging,
    /// The IDE behind its proxy.
    Ide,
}

impl Service {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Service] =
        &[Service::Edge, Service::Forge, Service::Ci, Service::Chat, Service::Staging, Service::Ide];

    /// The name in scenarios, reports and `compose.yml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Edge => "edge",
            Service::Forge => "forge",
            Service::Ci => "ci",
            Service::Chat => "chat",
            Service::Staging => "staging",
            Service::Ide => "ide",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How the site's services share names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// One origin, one path prefix a service.
    Subpath,
    /// One host name a service.
    Subdomain,
}

impl Mode {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Mode] = &[Mode::Subpath, Mode::Subdomain];

    /// The name in scenarios, reports and `EDGE_ROUTING_MODE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Subpath => "subpath",
            Mode::Subdomain => "subdomain",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The scheme of a site's URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [Scheme] = &[Scheme::Http, Scheme::Https];

    /// The name in scenarios and URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The kind of stack that a scenario runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackKind {
    /// Doubles on loopback, in this process.
    Embedded,
    /// The real programs in containers.
    Containers,
    /// A stack that somebody else runs.
    External,
}

impl StackKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: &'static [StackKind] = &[StackKind::Embedded, StackKind::Containers, StackKind::External];

    /// The name in scenarios, reports and `--stack`.
    pub fn as_str(self) -> &'static str {
        match self {
            StackKind::Embedded => "embedded",
            StackKind::Containers => "containers",
            StackKind::External => "external",
        }
    }
}

impl fmt::Display for StackKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One step of a journey.
#[derive(Debug, Clone)]
pub struct Step {
    /// The key that says what the step does (`get`, `submit`, `use` …): where its line and caret point.
    pub span: Span,
    /// A name for people.
    pub name: Option<Spanned<String>>,
    /// Where the step applies; elsewhere it is skipped.
    pub when: When,
    /// What is done.
    pub action: Action,
    /// Whether, and how far, redirects are followed. `None`: not at all.
    pub follow: Option<Follow>,
    /// What must hold of what came back, in the order of the file.
    pub expect: Vec<Expectation>,
    /// What is kept for later steps.
    pub capture: Vec<Capture>,
    /// Repeat the step until all its expectations hold.
    pub retry: Option<Retry>,
    /// The longest that the step may take, its redirects and repetitions included.
    pub timeout: Option<Spanned<Duration>>,
}

/// What a step does.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all steps are requests, and a file has few")]
pub enum Action {
    /// Send one request.
    Request(Request),
    /// Submit a form of the last page.
    Submit(Submit),
    /// Run another scenario's steps here.
    Use(Use),
}

impl Action {
    /// The key that names the action in the file, as reports show it (`get`, `submit`, `use`).
    pub fn keyword(&self) -> String {
        match self {
            Action::Request(request) => request.method.value.to_ascii_lowercase(),
            Action::Submit(_) => "submit".to_owned(),
            Action::Use(_) => "use".to_owned(),
        }
    }
}

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

/// Another scenario's steps.
#[derive(Debug, Clone)]
pub struct Use {
    /// File name of the other scenario, without folder and `.yaml`, looked up beside this one.
    pub scenario: Spanned<String>,
    /// Variables for it.
    pub with: Vec<(Spanned<String>, Spanned<Template>)>,
}

/// How redirects are followed.
#[derive(Debug, Clone, Copy)]
pub struct Follow {
    /// The most redirects that are followed before the step fails.
    pub max_hops: usize,
}

/// One subject with what must hold of it.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The expectation's value in the file: where the carets go.
    pub span: Span,
    /// What is looked at.
    pub subject: Subject,
    /// What must hold.
    pub predicate: Predicate,
}

/// What an expectation looks at.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The last response's status code.
    Status,
    /// A header field's values in the last response; the name in lower case.
    Header(String),
    /// The media type of the last response, without parameters, in lower case.
    ContentType,
    /// The last response's content as text.
    Body,
    /// Elements of the last page.
    Css {
        /// The selector.
        selector: Spanned<Template>,
        /// What of the elements.
        aspect: CssAspect,
    },
    /// Nodes of the last response's JSON (RFC 9535).
    Json(Spanned<Template>),
    /// The URL that the last response came from.
    Url,
    /// The same, of each hop from the first request to the last.
    EveryHop(HopAspect),
    /// How many redirects were followed.
    Hops,
    /// Whether no request was repeated on the way (same method, URL and cookies).
    NoLoop,
    /// A cookie in the jar after the step, as its last `Set-Cookie` wrote it.
    Cookie {
        /// The cookie's name.
        name: Spanned<Template>,
        /// What of it.
        aspect: CookieAspect,
    },
    /// The time from the first byte sent to the last byte received, in seconds.
    Duration,
}

/// What of the selected elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CssAspect {
    /// The elements themselves: whether they are there, and how many.
    Elements,
    /// Their text, white space collapsed.
    Text,
    /// An attribute's value.
    Attribute(String),
}

/// What of each hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopAspect {
    /// The URL asked for.
    Url,
    /// The status code.
    Status,
    /// A header field; the name in lower case.
    Header(String),
}

/// What of a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieAspect {
    /// The cookie itself: whether it is there.
    Presence,
    /// Its value.
    Value,
    /// Its `Path` attribute, as sent.
    Path,
    /// Its `Domain` attribute, as sent.
    Domain,
    /// Whether it has `HttpOnly`.
    HttpOnly,
    /// Whether it has `Secure`.
    Secure,
    /// Its `SameSite` attribute, as sent.
    SameSite,
}

/// What must hold. Operands may hold variables.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// Equal: numbers as numbers, text as text.
    Equals(Spanned<Operand>),
    /// Equal to one of these.
    OneOf(Vec<Spanned<Operand>>),
    /// The inner one doesn't hold.
    Not(Box<Predicate>),
    /// The text, or one of several values, contains this.
    Contains(Spanned<Template>),
    /// The regular expression matches somewhere.
    Matches(Spanned<Template>),
    /// The text starts with this.
    StartsWith(Spanned<Template>),
    /// The text ends with this.
    EndsWith(Spanned<Template>),
    /// A URL under this one: same origin, and the path equal to, or below, its path.
    Under(Spanned<Template>),
    /// A comparison of numbers (durations in seconds).
    Compare(Comparison, Spanned<Operand>),
    /// It is there, or (`false`) it isn't.
    Exists(bool),
    /// How many there are.
    Count(Box<Predicate>),
    /// All of these.
    All(Vec<Spanned<Predicate>>),
}

/// An order between numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    LessThan,
    /// `<=`
    AtMost,
    /// `>`
    GreaterThan,
    /// `>=`
    AtLeast,
}

/// A predicate's operand.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Text, which may hold variables.
    Text(Template),
    /// A number. Durations (`2s`, `150ms`) are numbers of seconds where the subject is one.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// JSON null.
    Null,
    /// Any other JSON: arrays and objects.
    Json(JsonTemplate),
}

/// A value kept for later steps.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable's name.
    pub name: Spanned<String>,
    /// Where it comes from.
    pub from: CaptureSource,
    /// A regular expression applied to what was found: its first group, or the whole match.
    pub regex: Option<Spanned<Template>>,
    /// The value must never be printed.
    pub secret: bool,
}

/// Where a captured value comes from. The first one found is taken; none is a failure.
#[derive(Debug, Clone)]
pub enum CaptureSource {
    /// A header field of the last response; the name in lower case.
    Header(Spanned<String>),
    /// A cookie of the jar.
    Cookie(Spanned<String>),
    /// The content as text.
    Body,
    /// An element's text, or one of its attributes.
    Css {
        /// The selector.
        selector: Spanned<Template>,
        /// The attribute; `None` for the text.
        attribute: Option<Spanned<String>>,
    },
    /// A node of the JSON (RFC 9535).
    Json(Spanned<Template>),
    /// The final URL.
    Url,
    /// A parameter of the final URL's query.
    UrlQuery(Spanned<String>),
}

/// Repetition until the expectations hold.
#[derive(Debug, Clone)]
pub struct Retry {
    /// For how long; the last failure is reported.
    pub within: Spanned<Duration>,
    /// The pause between two tries.
    pub every: Duration,
}
