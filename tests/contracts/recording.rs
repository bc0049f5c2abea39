//! What a walk over a stack saw, entry by entry: recorded of real programs (`fixtures/contracts`), or observed now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The origin that the programs were recorded at.
pub(crate) const RECORDED_ORIGIN: &str = "http://localhost:8080";

/// A whole walk, by the entries' names.
pub(crate) type Recording = BTreeMap<String, Entry>;

/// One stage of a walk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A request and the redirects that followed.
    Exchanges(Vec<Exchange>),
    /// Requests that have nothing to do with each other, by their path.
    Answers(BTreeMap<String, Exchange>),
    /// What a page refers to, and whether it is there.
    Assets(Vec<Asset>),
    /// Names of form fields.
    Names(Vec<String>),
    /// A value out of a page.
    Text(Option<String>),
    /// Fields of a document.
    Document(BTreeMap<String, Value>),
}

/// One request with its response.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct Exchange {
    /// Method and target.
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) location: Option<String>,
    #[serde(default)]
    pub(crate) set_cookie: Vec<Cookie>,
    /// The length of the content.
    pub(crate) bytes: usize,
}

/// One `Set-Cookie`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) deleted: bool,
    /// All attributes but those of its age, sorted.
    pub(crate) attrs: Vec<String>,
}

/// One reference of a page.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct Asset {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
}

impl Entry {
    /// Reads an entry; what it is goes by its name.
    fn read(name: &str, value: &Value) -> Result<Self, serde_json::Error> {
        let value = value.clone();
        Ok(match name {
            _ if name.ends_with(" assets") => Self::Assets(serde_json::from_value(value)?),
            _ if name.ends_with(" hidden fields") => Self::Names(serde_json::from_value(value)?),
            "ci signed out" => Self::Answers(serde_json::from_value(value)?),
            "ci web-config root path" | "oauth: consent redirect_uri" => Self::Text(serde_json::from_value(value)?),
            "forge openid endpoints" => Self::Document(serde_json::from_value(value)?),
            _ => Self::Exchanges(serde_json::from_value(value)?),
        })
    }
}

/// Where the recordings are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contracts")
}

/// The recordings made of a forge (`gitea`, `forgejo`), by what was set wrong (`healthy` where nothing was).
pub(crate) fn recorded(forge: &str) -> BTreeMap<String, Recording> {
    let folder = folder().join(forge);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |path: PathBuf| {
        let name = path.file_stem()?.to_string_lossy().into_owned();
        Some((name, read(&std::fs::read_to_string(&path).ok()?).unwrap_or_else(|error| panic!("{path:?}: {error}"))))
    };
    entries.filter_map(|entry| read(entry.ok()?.path())).collect()
}

/// Reads one recording.
pub(crate) fn read(text: &str) -> Result<Recording, serde_json::Error> {
    let values: BTreeMap<String, Value> = serde_json::from_str(text)?;
    values.iter().map(|(name, value)| Ok((name.clone(), Entry::read(name, value)?))).collect()
}

/// Whether an entry is about the CI, alone or together with the forge.
pub(crate) fn needs_ci(entry: &str) -> bool {
    entry.starts_with("ci ") || entry.starts_with("oauth: ")
}
