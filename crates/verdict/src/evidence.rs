//! What was observed. Everything here is already redacted: no secret reaches this crate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of stack that something was observed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StackKind {
    /// Doubles on loopback, in the harness's own process. Never speaks for the real programs.
    Embedded,
    /// The real programs in containers.
    Containers,
    /// A stack that somebody else runs.
    External,
}

impl StackKind {
    /// The name in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            StackKind::Embedded => "embedded",
            StackKind::Containers => "containers",
            StackKind::External => "external",
        }
    }
}

/// How the site's services share names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One origin, one path prefix a service.
    Subpath,
    /// One host name a service.
    Subdomain,
}

impl Mode {
    /// The name in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Subpath => "subpath",
            Mode::Subdomain => "subdomain",
        }
    }
}

/// The stack as it stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StackFacts {
    /// Its kind.
    pub kind: StackKind,
    /// Its routing mode.
    pub mode: Mode,
    /// The origin that browsers use.
    pub base_url: String,
    /// What it consists of.
    pub services: Vec<ServiceFacts>,
}

/// One service of the stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceFacts {
    /// `edge`, `forge`, `ci`, `chat`, `staging` or `ide`.
    pub name: String,
    /// What it is.
    pub kind: ServiceKind,
    /// The image that it ran from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The version that it says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceKind {
    /// Our own small server that answers as the real one does.
    Double,
    /// The real program, from an image.
    Image,
    /// Whatever answers at a URL.
    Url,
}

impl ServiceKind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            ServiceKind::Double => "double",
            ServiceKind::Image => "image",
            ServiceKind::Url => "url",
        }
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All that was expected held.
    Passed,
    /// Something that was expected didn't hold.
    Failed,
    /// It doesn't apply here; the reason says why.
    Skipped,
    /// It could not be tried: nothing is known of the site.
    Errored,
}

/// A scenario as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Journey {
    /// The scenario's name.
    pub name: String,
    /// Its file, as the user gave it.
    pub file: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was skipped or could not be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall-clock time in milliseconds.
    pub duration_ms: f64,
    /// Its steps, as far as it came.
    pub steps: Vec<StepRecord>,
    /// After a failure: the last log lines of the service in question, where they can be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<ServiceLog>,
}

impl Journey {
    /// How many of its steps were taken: those that don't apply aren't.
    pub fn steps_taken(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome != Outcome::Skipped).count()
    }
}

/// The last log lines of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLog {
    /// The service.
    pub service: String,
    /// Its lines, oldest first.
    pub lines: Vec<String>,
}

/// A step as it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// The file that it stands in: another than the journey's for a step that came by `use`.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The key that says what it does: `get`, `post`, `submit` …
    pub kind: String,
    /// Its name, or else what it did (`get /forge/user/login`).
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Wall-clock time in milliseconds, repetitions included.
    pub duration_ms: f64,
    /// How many times it was tried; more than one only with `retry`.
    pub attempts: usize,
    /// What didn't hold, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// The exchanges of the last attempt, in order: one, and one more for each redirect followed.
    pub trace: Vec<Exchange>,
}

/// Something that didn't hold, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// One sentence.
    pub message: String,
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same as a text with the line and carets, without colours.
    pub rendered: String,
    /// What kind of trouble it was.
    pub kind: FailureKind,
}

/// Kinds of failure, as far as they can be told without diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The site answered something else than expected.
    Expectation,
    /// The name doesn't resolve.
    Resolve,
    /// The connection was refused or broke.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// What came isn't HTTP, or the connection closed early.
    Protocol,
    /// A deadline of the harness's own passed.
    Timeout,
    /// The content is larger than the harness reads.
    TooLarge,
    /// Redirects without end.
    RedirectLoop,
    /// The scenario asks for something that the page or the stack doesn't have: a form, a field, a variable.
    Scenario,
}

/// One request with its response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The request as sent.
    pub request: RequestRecord,
    /// The response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseRecord>,
    /// Why there was none, or why it is incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From the first byte sent to the last byte received, in milliseconds.
    pub duration_ms: f64,
}

/// A request as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// The whole URL; its target is byte for byte what was sent.
    pub url: String,
    /// Header fields in the order sent. Bytes that aren't UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// Size of the content in bytes.
    pub body_bytes: u64,
}

/// A response as received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseRecord {
    /// The status code.
    pub status: u16,
    /// Header fields in the order received, `Set-Cookie` included. Bytes that aren't UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The cookies that it sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_cookies: Vec<SetCookie>,
    /// Size of the content in bytes, as far as it was read.
    pub body_bytes: u64,
    /// The beginning of the content, where it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_excerpt: Option<String>,
}

impl ResponseRecord {
    /// The first value of a header field, its name compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One `Set-Cookie` field (RFC 6265), with what it says rather than what a browser makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// `Path`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `Domain`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// `HttpOnly` is there.
    pub http_only: bool,
    /// `Secure` is there.
    pub secure: bool,
    /// `SameSite`, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_site: Option<String>,
    /// The field deletes the cookie (`Max-Age` not positive, or `Expires` in the past).
    pub deleted: bool,
    /// Why a browser refuses the cookie, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Why the stack did not stand, or did not keep standing: nothing is known of the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// The service in question, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// One sentence.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The service's last log lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// All that is known when the verdict is due.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The stack; `None` where none stood.
    pub stack: Option<StackFacts>,
    /// How long the stack took to stand, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_ready_ms: Option<f64>,
    /// The journeys.
    pub journeys: Vec<Journey>,
    /// Trouble with the stack.
    pub troubles: Vec<Trouble>,
}
