//! Entries that the disk refuses are tried again for a while: it may have room again in a moment.

use std::time::Duration;

use uuid::Uuid;

use crate::AppState;
use crate::history::Entry;

/// How often it is tried, and how long between.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(2);

/// Adds an entry to a conversation, now or later. Says whether it is there now.
pub(crate) async fn append(state: &AppState, user: &str, conversation: Uuid, entry: Entry) -> bool {
    match state.history.append(user, conversation, entry.clone()).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "an entry can't be kept yet");
            state.tasks.spawn(try_again(state.clone(), user.to_owned(), conversation, entry));
            false
        }
    }
}

async fn try_again(state: AppState, user: String, conversation: Uuid, entry: Entry) {
    for last in (0..TRIES).map(|nth| nth + 1 == TRIES) {
        let is_ending = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            () = state.ending.cancelled() => true,
        };
        match state.history.append(&user, conversation, entry.clone()).await {
            Ok(()) => return,
            Err(error) if last || is_ending => {
                tracing::error!(%error, "an entry is lost");
                return;
            }
            Err(_) => {}
        }
    }
}
