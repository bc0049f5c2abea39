//! The files, as they are in `crates/chat/page`.

use ring::digest::{SHA256, digest};

/// A file of the page.
pub(super) struct File {
    pub(super) name: &'static str,
    /// Its media type.
    pub(super) kind: &'static str,
    pub(super) content: &'static [u8],
}

impl File {
    /// What changes with its content (RFC 9110, section 8.8.3).
    pub(super) fn tag(&self) -> String {
        let digest = digest(&SHA256, self.content);
        let hex: String = digest.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}

macro_rules! file {
    ($name:literal, $kind:literal) => {
        File { name: $name, kind: $kind, content: include_bytes!(concat!("../../page/", $name)) }
    };
}

/// The page itself.
pub(super) static INDEX: File = file!("index.html", "text/html; charset=utf-8");

/// What it loads.
pub(super) static STATIC: &[File] = &[
    file!("chat.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("main.js", "text/javascript; charset=utf-8"),
    file!("actions.js", "text/javascript; charset=utf-8"),
    file!("api.js", "text/javascript; charset=utf-8"),
    file!("connection.js", "text/javascript; charset=utf-8"),
    file!("markdown.js", "text/javascript; charset=utf-8"),
    file!("view.js", "text/javascript; charset=utf-8"),
];
