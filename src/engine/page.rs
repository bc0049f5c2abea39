//! The last page: what forms, captures and expectations look at.

use std::sync::{Arc, Mutex, PoisonError};

use scraper::Html;

use super::content::{self, Unreadable};
use super::http::client::Received;
use super::http::target::Address;

/// A response with where it came from.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where it came from.
    pub address: Address,
    /// The response.
    pub response: Received,
    /// Parsed when somebody first looks at elements, and once: parsing is most of what a journey costs us.
    document: Arc<Mutex<Option<Result<Html, Unreadable>>>>,
}

impl Page {
    /// A response from an address.
    pub fn new(address: Address, response: Received) -> Self {
        Self { address, response, document: Arc::default() }
    }

    /// Looks at the content as an HTML document; parsing HTML never fails.
    ///
    /// # Errors
    /// The content isn't text.
    pub fn look<T>(&self, look: impl FnOnce(&Html) -> T) -> Result<T, Unreadable> {
        let mut document = self.document.lock().unwrap_or_else(PoisonError::into_inner);
        let parse = || content::text(&self.response).map(|text| Html::parse_document(&text));
        document.get_or_insert_with(parse).as_ref().map(look).map_err(Clone::clone)
    }
}
