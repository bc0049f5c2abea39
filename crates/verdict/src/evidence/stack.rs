//! What stood.

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
    /// `edge`, `forge`, `ci`, `chat`, `staging`, `ide` or `echo`.
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
    /// A program of this project, in the harness's own process.
    Program,
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
            ServiceKind::Program => "program",
            ServiceKind::Image => "image",
            ServiceKind::Url => "url",
        }
    }
}
