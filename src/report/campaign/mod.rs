//! The score of a fault campaign: the table for people while it grows, and the same as Markdown.

mod details;
mod live;
mod markdown;
mod table;

pub use details::details;
pub use live::Live;
pub use markdown::markdown;
pub use table::{ending, heading, row};
