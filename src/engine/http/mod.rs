//! HTTP as a browser's network stack speaks it, with nothing normalised behind the scenario's back.
//!
//! - [`target`]: addresses, their targets kept byte for byte
//! - [`cookies`]: a cookie store that keeps every attribute and the raw field
//! - [`connect`]: names, sockets, TLS
//! - [`client`]: one request out, one response in
//! - [`redirect`]: what a browser asks for next

pub mod client;
pub mod connect;
pub mod cookies;
pub mod date;
pub mod error;
mod patient;
pub mod redirect;
pub mod target;

pub use client::{Client, Outgoing, Received};
pub use connect::Connector;
pub use cookies::Jar;
pub use error::HttpError;
pub use target::Address;
