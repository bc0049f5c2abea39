//! What a page loads.

use super::request::BasicAuth;
use crate::span::Spanned;
use crate::template::Template;

/// Load all that a page refers to, and look whether each is what it claims to be.
#[derive(Debug, Clone)]
pub struct Assets {
    /// Which page.
    pub page: AssetsPage,
    /// The URL under which everything must lie.
    pub under: Option<Spanned<Template>>,
    /// Regular expressions; a reference whose URL one of them matches somewhere isn't loaded.
    pub ignore: Vec<Spanned<Template>>,
    /// Other origins that the page may load from.
    pub origins: Vec<Spanned<Template>>,
    /// The most URLs that are loaded.
    pub limit: Option<usize>,
    /// Header fields to send to the page's origin, in the order of the file; a name may come twice.
    pub headers: Vec<(Spanned<String>, Spanned<Template>)>,
    /// Credentials for `Authorization: Basic` (RFC 7617), for the page's origin.
    pub basic_auth: Option<BasicAuth>,
}

/// The page whose assets are loaded.
#[derive(Debug, Clone)]
pub enum AssetsPage {
    /// The last page.
    Last,
    /// That at this path or URL; redirects are followed.
    At(Spanned<Template>),
}

/// What of the assets an expectation looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetsAspect {
    /// How many URLs there are, the page's own excepted.
    Count,
    /// How many of them are scripts and modules.
    Scripts,
    /// How many are stylesheets.
    Styles,
    /// How many are images; icons aren't among them.
    Images,
    /// How many are fonts.
    Fonts,
    /// How many are essential and broken.
    Broken,
    /// How many are broken and not essential.
    Notes,
    /// Their URLs.
    Urls,
    /// The time from the page's first byte to the last byte of the last asset, in seconds.
    Duration,
}
