//! What a page loads, as far as its contents say: pure functions from text to references, and from an answer to what is
//! wrong with it. No sockets, no runtime, no clock; nothing here runs a script.
//!
//! - [`html`]: elements, inline styles and scripts, `<base>`, import maps
//! - [`css`]: `url()`, `@import`, the sources of a font
//! - [`javascript`]: `import` and `export … from`, and `import()` of a literal
//! - [`manifest`]: the icons of a web app manifest
//! - [`check`]: is what came what the reference needs?
//!
//! Everything reads in linear time, keeps at most [`LIMIT`] references of a file, and takes any text whatsoever.

pub mod check;
pub mod css;
pub mod html;
pub mod javascript;
mod kind;
pub mod manifest;
mod reference;
mod sniff;

pub use kind::Kind;
pub use reference::{Found, Reference, Target, Unread};

/// The most references that are kept of one file; the others are counted.
pub const LIMIT: usize = 20_000;
