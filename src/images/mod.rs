//! The images of the containers stack: which are there, which one a service runs from, and how to build those that
//! can't be pulled.

mod build;
mod catalog;
mod list;
mod recipe;
mod resolve;
mod table;

pub use build::{build, cache_directory};
pub use catalog::{CATALOG, Entry, entry, overrides};
pub use list::{Row, list};
pub use recipe::{RECIPES, Recipe};
pub use resolve::{Choice, Origin, Present};
pub(crate) use resolve::{no_image, resolve};
pub use table::table;
