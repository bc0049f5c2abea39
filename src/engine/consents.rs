//! Who consents first: journeys are one user in several browsers, who would say yes to the same client in all of them at once. Gitea
//! refuses all but one of those (`cannot create grant for user`), and no person does that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

/// How long a sign-in waits for another. One that hangs must not hold up all others.
const PATIENCE: Duration = Duration::from_secs(3);

/// The clients that a user has signed in to, each with the turn of whoever is the first.
#[derive(Debug, Default)]
pub struct Consents(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<bool>>>>);

/// The turn of a sign-in that may be the first.
#[derive(Debug)]
pub(super) struct Turn(OwnedMutexGuard<bool>);

impl Consents {
    /// Waits until no other sign-in may be asked for this consent; `None` where it was given before, or the wait was too long.
    pub(super) async fn turn(&self, consent: &str) -> Option<Turn> {
        self.turn_within(consent, PATIENCE).await
    }

    async fn turn_within(&self, consent: &str, patience: Duration) -> Option<Turn> {
        let given = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(consent.to_owned()).or_default().clone()
        };
        let turn = tokio::time::timeout(patience, given.lock_owned()).await.ok()?;
        (!*turn).then_some(Turn(turn))
    }
}

impl Turn {
    /// The user has consented: the next ones aren't asked.
    pub(super) fn given(mut self) {
        *self.0 = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_is_the_first_and_who_comes_after_waits_for_no_more() {
        let consents = Consents::default();
        let first = consents.turn("ci smoke").await.unwrap();
        assert!(consents.turn("chat smoke").await.is_some(), "another client's");
        let (second, ()) = tokio::join!(consents.turn("ci smoke"), async { first.given() });
        assert!(second.is_none());
        assert!(consents.turn("ci smoke").await.is_none());
    }

    #[tokio::test]
    async fn one_that_fails_leaves_the_turn_to_the_next_and_one_that_hangs_holds_up_nobody_for_long() {
        let consents = Consents::default();
        drop(consents.turn("ci smoke").await.unwrap());
        let hangs = consents.turn("ci smoke").await.unwrap();
        assert!(consents.turn_within("ci smoke", Duration::from_millis(10)).await.is_none());
        drop(hangs);
        assert!(consents.turn("ci smoke").await.is_some());
    }
}
