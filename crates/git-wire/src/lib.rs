//! What git speaks over HTTP, without git: packet lines, objects, packs and the messages around them (protocol version 0).
//!
//! Pure: bytes in, bytes out, whole or piece by piece. What comes from the other side is bounded before memory is spent on it.
//!
//! - [`pkt_line`] and [`side_band`]: how messages are framed
//! - [`advertisement`], [`upload_pack`], [`receive_pack`]: what client and server say to each other
//! - [`object`]: blobs, trees and commits with their ids; [`reach`]: what belongs to a commit
//! - [`pack`]: many objects in one file, written and read
//!
//! The formats are those of git's own documentation: gitprotocol-common, gitprotocol-pack, gitprotocol-http, gitformat-pack.

pub mod advertisement;
pub mod object;
pub mod pack;
pub mod pkt_line;
pub mod reach;
pub mod receive_pack;
pub mod reference;
pub mod side_band;
pub mod upload_pack;

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Objects go from the server to the client: clone, fetch.
    UploadPack,
    /// Objects go from the client to the server: push.
    ReceivePack,
}

impl Service {
    /// The name in URLs (`?service=git-upload-pack`, `…/git-upload-pack`).
    pub fn as_str(self) -> &'static str {
        match self {
            Service::UploadPack => "git-upload-pack",
            Service::ReceivePack => "git-receive-pack",
        }
    }

    /// The service of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Service::UploadPack, Service::ReceivePack].into_iter().find(|service| service.as_str() == name)
    }

    /// The media type of what the server advertises.
    pub fn advertisement_type(self) -> &'static str {
        match self {
            Service::UploadPack => "application/x-git-upload-pack-advertisement",
            Service::ReceivePack => "application/x-git-receive-pack-advertisement",
        }
    }

    /// The media type of a request.
    pub fn request_type(self) -> &'static str {
        match self {
            Service::UploadPack => "application/x-git-upload-pack-request",
            Service::ReceivePack => "application/x-git-receive-pack-request",
        }
    }

    /// The media type of an answer.
    pub fn result_type(self) -> &'static str {
        match self {
            Service::UploadPack => "application/x-git-upload-pack-result",
            Service::ReceivePack => "application/x-git-receive-pack-result",
        }
    }
}
