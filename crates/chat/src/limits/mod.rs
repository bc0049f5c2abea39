//! How much one person may ask for: by wall clock, and kept over restarts.

mod rules;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use tokio::sync::Mutex;

pub use rules::{Reason, Refusal, Rules};

use crate::state::{Counted, Store, StoreError};
use crate::{answer, clock};

/// How long somebody waits whose request can't be counted.
const STORAGE_RETRY: Duration = Duration::from_secs(30);

/// The counters. Clones share them.
///
/// They are read from the database when somebody first asks and kept beside it from then on, so that a refusal costs no disk.
#[derive(Debug, Clone)]
pub struct Limits {
    rules: Rules,
    store: Store,
    /// By the names of those who may use the chat, so there are no more than those.
    people: Arc<Mutex<HashMap<String, Counted>>>,
}

impl Limits {
    /// The counters of a database.
    pub fn new(rules: Rules, store: Store) -> Self {
        Self { rules, store, people: Arc::default() }
    }

    /// Counts one request, if there is room for it.
    ///
    /// # Errors
    /// There is none: it says why and for how long. A request that is refused isn't counted.
    pub async fn admit(&self, user: &str, now: SystemTime) -> Result<(), Refusal> {
        let user = &user.to_ascii_lowercase();
        let mut people = self.people.lock().await;
        let counted = self.counted(&mut people, user, now).await.map_err(uncountable)?;
        self.rules.admit(counted, clock::seconds(now))?;
        self.store.count_request(user, now, a_day_before(now)).await.map_err(uncountable)?;
        counted.requests.push_back(clock::seconds(now));
        Ok(())
    }

    /// Counts the tokens of a turn. The one that reaches the limit is not taken back; the next is refused.
    pub async fn spend(&self, user: &str, tokens: u64, now: SystemTime) {
        let user = &user.to_ascii_lowercase();
        let mut people = self.people.lock().await;
        match self.counted(&mut people, user, now).await {
            Ok(counted) => counted.spending.push_back((clock::seconds(now), tokens)),
            Err(error) => tracing::error!(%error, user, "what was spent before can't be read"),
        }
        if let Err(error) = self.store.count_tokens(user, tokens, now).await {
            // Until the next start they count all the same.
            tracing::error!(%error, user, tokens, "tokens can't be written down");
        }
    }

    async fn counted<'a>(
        &self,
        people: &'a mut HashMap<String, Counted>,
        user: &str,
        now: SystemTime,
    ) -> Result<&'a mut Counted, StoreError> {
        let since = a_day_before(now);
        let counted = match people.entry(user.to_owned()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.store.counted(user, since).await?),
        };
        counted.settle(clock::seconds(since), clock::seconds(now));
        Ok(counted)
    }
}

/// What is older counts nowhere.
fn a_day_before(now: SystemTime) -> SystemTime {
    now.checked_sub(Duration::from_secs(rules::DAY)).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn uncountable(error: StoreError) -> Refusal {
    tracing::error!(%error, "requests can't be counted, so none is let in");
    Refusal { reason: Reason::Storage, retry_after: STORAGE_RETRY }
}

impl IntoResponse for Refusal {
    /// 429 with `Retry-After` (RFC 6585, section 4); 503 where it is the service's own fault.
    fn into_response(self) -> Response {
        let status = match self.reason {
            Reason::Storage => StatusCode::SERVICE_UNAVAILABLE,
            Reason::Hour | Reason::Day | Reason::Tokens => StatusCode::TOO_MANY_REQUESTS,
        };
        let mut answer = answer::error(status, self.code(), &self.to_string());
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after.as_secs()));
        answer
    }
}
