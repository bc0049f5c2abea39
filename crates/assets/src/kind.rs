//! Kinds of assets, and how a browser asks for each.

/// What a reference is loaded as: the same file may be asked for as more than one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A classic script.
    Script,
    /// A JavaScript module.
    Module,
    /// A module of JSON (`with { type: "json" }`).
    JsonModule,
    /// A stylesheet.
    Style,
    /// An image of the page or of a stylesheet.
    Image,
    /// A font.
    Font,
    /// Sound or video.
    Media,
    /// Subtitles and the like of a video.
    Track,
    /// An embedded document, or whatever else an `<iframe>`, `<embed>` or `<object>` shows.
    Frame,
    /// The page's own icon, in any of its sizes.
    Icon,
    /// A web app manifest.
    Manifest,
    /// Something whose kind can't be told (`<link rel=prefetch>`, `as=fetch`).
    Data,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 12] = [
        Kind::Script,
        Kind::Module,
        Kind::JsonModule,
        Kind::Style,
        Kind::Image,
        Kind::Font,
        Kind::Media,
        Kind::Track,
        Kind::Frame,
        Kind::Icon,
        Kind::Manifest,
        Kind::Data,
    ];

    /// What it is called in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Kind::Script => "script",
            Kind::Module => "module",
            Kind::JsonModule => "JSON module",
            Kind::Style => "stylesheet",
            Kind::Image => "image",
            Kind::Font => "font",
            Kind::Media => "media file",
            Kind::Track => "text track",
            Kind::Frame => "embedded document",
            Kind::Icon => "icon",
            Kind::Manifest => "manifest",
            Kind::Data => "file",
        }
    }

    /// The `Accept` field that browsers send (Fetch standard, section 4.1, step 13, and what they add to it).
    pub fn accept(self) -> &'static str {
        match self {
            Kind::Style => "text/css,*/*;q=0.1",
            Kind::Image | Kind::Icon => "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            Kind::Frame => "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Kind::JsonModule => "application/json,*/*;q=0.5",
            _ => "*/*",
        }
    }

    /// The `Sec-Fetch-Dest` field (W3C Fetch Metadata, section 2.1).
    pub fn destination(self) -> &'static str {
        match self {
            Kind::Script | Kind::Module => "script",
            Kind::JsonModule => "json",
            Kind::Style => "style",
            Kind::Image | Kind::Icon => "image",
            Kind::Font => "font",
            Kind::Media => "video",
            Kind::Track => "track",
            Kind::Frame => "iframe",
            Kind::Manifest => "manifest",
            Kind::Data => "empty",
        }
    }

    /// Whether browsers always ask for it by CORS, so that another origin must allow it.
    pub fn needs_cors(self) -> bool {
        matches!(self, Kind::Module | Kind::JsonModule | Kind::Font | Kind::Manifest)
    }

    /// Whether an https page may not load it over http: browsers block it, while images, sound and video are asked for
    /// over https instead (W3C Mixed Content, section 4).
    pub fn is_blockable(self) -> bool {
        !matches!(self, Kind::Image | Kind::Icon | Kind::Media)
    }

    /// Whether what it refers to in turn is loaded as well.
    pub fn is_read(self) -> bool {
        matches!(self, Kind::Script | Kind::Module | Kind::Style | Kind::Manifest)
    }
}
