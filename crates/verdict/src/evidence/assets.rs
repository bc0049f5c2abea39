//! What a page loads, as it was found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an `assets` step loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assets {
    /// The page's URL.
    pub page: String,
    /// The URL under which all must lie, where the step says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<String>,
    /// Each URL that the page, or something that it loads, refers to: once, in the order in which they were met.
    pub list: Vec<Asset>,
    /// How many references carry their content with them (`data:`, `blob:`).
    pub inline: usize,
    /// How many references were left out, as there were more URLs than the step's limit.
    pub left_out: usize,
    /// From the page's first byte to the last byte of the last asset, in milliseconds.
    pub duration_ms: f64,
}

impl Assets {
    /// What is essential and broken.
    pub fn broken(&self) -> impl Iterator<Item = &Asset> {
        self.list.iter().filter(|asset| asset.essential && asset.problem.is_some())
    }

    /// What is broken, and can be done without.
    pub fn notes(&self) -> impl Iterator<Item = &Asset> {
        self.list.iter().filter(|asset| !asset.essential && asset.problem.is_some())
    }
}

/// Something that a page loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Asset {
    /// Its URL; where a reference leads nowhere, its text.
    pub url: String,
    /// What it is loaded as.
    pub kind: AssetKind,
    /// The page doesn't work, or doesn't look right, without it.
    pub essential: bool,
    /// The first references to it.
    pub references: Vec<AssetReference>,
    /// How many references there are.
    pub referenced: usize,
    /// The status code that came, after redirects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The media type that came, without parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The content's size in bytes: as announced where not all of it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Where redirects led, the last being where the content came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<String>,
    /// From the first byte sent to the last byte received, redirects included, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<AssetProblem>,
    /// Why it wasn't loaded, or not read to its end; that is no problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchecked: Option<String>,
}

/// What an asset is loaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AssetKind {
    /// A classic script.
    Script,
    /// A JavaScript module.
    Module,
    /// A module of JSON.
    JsonModule,
    /// A stylesheet.
    Style,
    /// An image.
    Image,
    /// A font.
    Font,
    /// Sound or video.
    Media,
    /// Subtitles and the like.
    Track,
    /// An embedded document.
    Frame,
    /// The page's icon.
    Icon,
    /// A web app manifest.
    Manifest,
    /// Something whose kind can't be told.
    Data,
}

/// Where something is referred to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssetReference {
    /// The URL of the page, stylesheet, script or manifest.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What refers to it: an element with its attribute, `url()`, `@import`, `import` …
    pub by: String,
    /// The address as written.
    pub written: String,
}

/// What is wrong with an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssetProblem {
    /// What kind of trouble it is.
    pub kind: AssetProblemKind,
    /// What came, or what is wrong with the reference, in a clause.
    pub found: String,
}

/// Kinds of trouble with an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AssetProblemKind {
    /// It lies on the page's origin, and not under the URL under which all must lie.
    Outside,
    /// It lies on another origin, where all must lie under a URL.
    OtherOrigin,
    /// An https page asks for it over http, and browsers refuse that.
    MixedContent,
    /// The reference leads nowhere: no URL, a scheme that pages can't load from, a module without an address.
    Nowhere,
    /// The status isn't one of success.
    Status,
    /// There is no content.
    Empty,
    /// The media type is another's, or is missing where browsers insist on it.
    MediaType,
    /// The content is not what its media type says.
    Content,
    /// Another origin doesn't allow the page to load it (CORS).
    Cors,
    /// A redirect leads where a browser can't go, or there are too many.
    Redirect,
    /// The exchange failed, or ended early.
    Exchange,
}
