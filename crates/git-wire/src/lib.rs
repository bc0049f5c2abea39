//! What git speaks over HTTP, without git: packet lines, objects, packs and the messages around them.
//!
//! Pure: bytes in, bytes out. Every size that comes from the other side is bounded before memory is spent on it.
//!
//! - [`object`]: blobs, trees and commits with their ids

pub mod object;
