use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::clock::at;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn rules(requests_per_hour: u64, requests_per_day: u64, tokens_per_day: u64) -> Rules {
    Rules { requests_per_hour, requests_per_day, tokens_per_day }
}

fn counted(requests: &[u64], spending: &[(u64, u64)]) -> Counted {
    Counted { requests: requests.iter().copied().collect(), spending: spending.iter().copied().collect() }
}

#[test]
fn how_long_to_wait() {
    let now = 10 * DAY;
    let none = &[][..];
    for (rules, requests, spending, expected) in [
        (rules(2, 9, 100), none, &[][..], None),
        (rules(2, 9, 100), &[now - 10], &[], None),
        (rules(2, 9, 100), &[now - 10, now], &[], Some((Reason::Hour, HOUR - 10))),
        (rules(2, 9, 100), &[now - HOUR, now], &[], None),
        (rules(2, 9, 100), &[now - HOUR + 1, now], &[], Some((Reason::Hour, 1))),
        // Stricter rules after a restart: two have to leave the window.
        (rules(2, 9, 100), &[now - 30, now - 20, now - 10], &[], Some((Reason::Hour, HOUR - 20))),
        (rules(2, 3, 100), &[now - 5 * HOUR, now - 4 * HOUR, now - HOUR], &[], Some((Reason::Day, DAY - 5 * HOUR))),
        // Both: the longer wait counts.
        (rules(1, 2, 100), &[now - 2 * HOUR, now - 1], &[], Some((Reason::Day, DAY - 2 * HOUR))),
        (rules(9, 9, 100), none, &[(now - 5, 99)], None),
        (rules(9, 9, 100), none, &[(now - 5, 100)], Some((Reason::Tokens, DAY - 5))),
        (rules(9, 9, 100), none, &[(now - DAY, 100)], None),
        (rules(9, 9, 100), none, &[(now - 9, 20), (now - 7, 60), (now - 5, 50)], Some((Reason::Tokens, DAY - 7))),
        (rules(9, 9, 100), none, &[(now - 9, u64::MAX), (now - 7, u64::MAX)], Some((Reason::Tokens, DAY - 7))),
        (rules(0, 9, 100), none, &[], Some((Reason::Hour, HOUR))),
        (rules(9, 9, 0), none, &[], Some((Reason::Tokens, DAY))),
        // The clock was set back by an hour.
        (rules(1, 9, 100), &[now + HOUR], &[], Some((Reason::Hour, HOUR))),
    ] {
        let refused = rules.admit(&counted(requests, spending), now).err();
        let expected = expected.map(|(reason, seconds)| Refusal { reason, retry_after: Duration::from_secs(seconds) });
        assert_eq!(refused, expected, "{rules:?} {requests:?} {spending:?}");
    }
}

#[test]
fn the_words() {
    let words = |reason, seconds| Refusal { reason, retry_after: Duration::from_secs(seconds) }.to_string();
    assert_eq!(words(Reason::Hour, 1), "the number of requests in one hour is used up; come back in 1 s");
    assert_eq!(words(Reason::Day, 61), "the number of requests in one day is used up; come back in 2 min");
    assert_eq!(words(Reason::Tokens, 7200 + 61), "the number of tokens in one day is used up; come back in 2 h 2 min");
}

proptest! {
    /// Who waits as long as was said is let in; who comes a second earlier isn't.
    #[test]
    fn the_wait_is_exact(
        mut requests in prop::collection::vec(0..2 * DAY, 0..40),
        mut spending in prop::collection::vec((0..2 * DAY, 0_u64..100), 0..10),
        hour in 1_u64..10, day in 1_u64..20, tokens in 1_u64..300,
    ) {
        requests.sort_unstable();
        spending.sort_unstable();
        let (rules, counted, now) = (rules(hour, day, tokens), counted(&requests, &spending), 2 * DAY);
        if let Err(refusal) = rules.admit(&counted, now) {
            let wait = refusal.retry_after.as_secs();
            prop_assert!(rules.admit(&counted, now + wait).is_ok());
            prop_assert!(rules.admit(&counted, now + wait - 1).is_err());
        }
    }
}

async fn limits(folder: &tempfile::TempDir, rules: Rules) -> Limits {
    Limits::new(rules, Store::open(folder.path()).unwrap())
}

#[tokio::test]
async fn counts_are_each_persons_own_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let now: SystemTime = at(10 * DAY);
    {
        let limits = limits(&folder, rules(2, 9, 100)).await;
        limits.admit("Smoke", now).await.unwrap();
        limits.admit("Smoke", now).await.unwrap();
        assert_eq!(limits.admit("Smoke", now).await.unwrap_err().reason, Reason::Hour);
        limits.admit("other", now).await.unwrap();
        limits.spend("other", 100, now).await;
        assert_eq!(limits.admit("other", now).await.unwrap_err().reason, Reason::Tokens);
    }
    let limits = limits(&folder, rules(2, 9, 100)).await;
    let refusal = limits.admit("Smoke", now + Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(refusal, Refusal { reason: Reason::Hour, retry_after: Duration::from_secs(HOUR - 60) });
    assert_eq!(limits.admit("other", now).await.unwrap_err().reason, Reason::Tokens);
    limits.admit("Smoke", now + Duration::from_secs(HOUR)).await.unwrap();
    limits.admit("other", now + Duration::from_secs(DAY)).await.unwrap();
}

#[tokio::test]
async fn of_many_at_once_only_as_many_as_allowed_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let limits = limits(&folder, rules(7, 9, 100)).await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let limits = limits.clone();
        asking.spawn(async move { limits.admit("smoke", at(10 * DAY)).await.is_ok() });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|admitted| *admitted).count(), 7);
}

/// What was counted by a clock that was an hour fast blocks nobody longer than the limits say.
#[tokio::test]
async fn a_clock_may_be_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let limits = limits(&folder, rules(2, 9, 100)).await;
    limits.admit("smoke", at(10 * DAY + HOUR)).await.unwrap();
    limits.admit("smoke", at(10 * DAY)).await.unwrap();
    let refusal = limits.admit("smoke", at(10 * DAY)).await.unwrap_err();
    assert_eq!(refusal.retry_after, Duration::from_secs(HOUR));
    limits.admit("smoke", at(10 * DAY + HOUR)).await.unwrap();
}

#[test]
fn an_answer_says_when_to_come_back() {
    let refusal = Refusal { reason: Reason::Hour, retry_after: Duration::from_secs(90) };
    let answer = refusal.into_response();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &HeaderValue::from(90)));
    let refusal = Refusal { reason: Reason::Storage, ..refusal };
    assert_eq!(refusal.into_response().status(), 503);
}
