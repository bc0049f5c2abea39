//! Turns and those who follow them.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::socket::hub::{Hub, Occupied};
use crate::socket::live::{Follower, Live};
use crate::socket::outgoing::Outgoing;

fn live() -> Arc<Live> {
    Arc::new(Live::new(Uuid::new_v4(), Uuid::new_v4()))
}

fn token(text: impl Into<String>) -> Outgoing {
    Outgoing::Token { token: text.into() }
}

async fn rest(mut follower: Follower) -> Vec<Value> {
    let mut frames = Vec::new();
    while let Some(frame) = follower.next().await {
        frames.push(serde_json::from_str(frame.as_str()).unwrap());
    }
    frames
}

fn said(frames: &[Value]) -> String {
    frames.iter().filter_map(|frame| frame["token"].as_str()).collect()
}

fn places(frames: &[Value]) -> Vec<u64> {
    frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn pieces_come_one_by_one_and_in_order() {
    let live = live();
    let follower = live.follow(0);
    live.say(Outgoing::Started);
    for piece in ["a", "ß", "", "c"] {
        live.say(token(piece));
    }
    live.say(Outgoing::Cancelled);
    live.say(token("after the end"));
    let frames = rest(follower).await;
    assert_eq!(said(&frames), "aßc");
    assert_eq!(places(&frames), [1, 2, 3, 4, 5, 6]);
    assert_eq!(frames.last().unwrap()["type"], "cancelled");
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_and_nothing_twice() {
    let live = live();
    live.say(Outgoing::Started);
    live.say(token("a"));
    live.say(token("b"));
    let follower = live.follow(2);
    live.say(token("c"));
    live.say(Outgoing::Cancelled);
    let frames = rest(follower).await;
    assert_eq!((said(&frames).as_str(), places(&frames)), ("bc", vec![3, 4, 5]));
    assert_eq!(rest(live.follow(u64::MAX)).await.len(), 0);
}

#[tokio::test]
async fn who_lags_behind_gets_more_at_once() {
    let live = live();
    let follower = live.follow(0);
    for nth in 0..100_000 {
        live.say(token(format!("{nth} ")));
    }
    live.say(Outgoing::Cancelled);
    let frames = rest(follower).await;
    assert!(frames.len() < 200, "{}", frames.len());
    assert_eq!(said(&frames), (0..100_000).map(|nth| format!("{nth} ")).collect::<String>());
    let places = places(&frames);
    assert!(places.is_sorted() && *places.last().unwrap() == 100_001);
}

#[tokio::test]
async fn a_turn_that_nobody_follows_is_given_up_after_a_while() {
    let live = live();
    let patience = Duration::from_millis(30);
    let (one, other) = (live.follow(0), live.follow(0));
    let mut forsaken = Box::pin(live.forsaken(patience));
    assert!(timeout(patience * 4, &mut forsaken).await.is_err(), "two follow it");
    drop(one);
    assert!(timeout(patience * 4, &mut forsaken).await.is_err(), "one follows it");
    drop(other);
    let start = Instant::now();
    forsaken.await;
    assert!(start.elapsed() >= patience);
}

#[tokio::test]
async fn who_comes_back_in_time_keeps_it_going() {
    let live = live();
    let patience = Duration::from_millis(200);
    drop(live.follow(0));
    let mut forsaken = Box::pin(live.forsaken(patience));
    assert!(timeout(patience / 20, &mut forsaken).await.is_err());
    let again = live.follow(0);
    assert!(timeout(patience * 2, &mut forsaken).await.is_err(), "somebody is back");
    drop(again);
    forsaken.await;
}

#[test]
fn one_turn_a_conversation_and_a_few_a_person() {
    let hub = Hub::default();
    let conversation = Uuid::new_v4();
    let first = hub.begin("smoke", conversation).unwrap();
    assert_eq!(hub.begin("smoke", conversation).unwrap_err(), Occupied::Conversation);
    assert!(hub.begin("other", conversation).is_ok(), "another person's conversation of that name is another");
    for _ in 1..hub.bounds.turns {
        hub.begin("smoke", Uuid::new_v4()).unwrap();
    }
    assert_eq!(hub.begin("smoke", Uuid::new_v4()).unwrap_err(), Occupied::Person);
    first.say(Outgoing::Cancelled);
    assert_eq!(hub.find("smoke", conversation).unwrap().turn, first.turn, "it is kept for who comes back");
    let second = hub.begin("smoke", conversation).unwrap();
    hub.forget("smoke", &first);
    assert_eq!(hub.find("smoke", conversation).unwrap().turn, second.turn, "another took its place");
    hub.forget("smoke", &second);
    assert!(hub.find("smoke", conversation).is_none() && hub.find("nobody", conversation).is_none());
}

proptest! {
    /// However often somebody leaves and comes back with the last place that was seen, the answer is whole and nothing comes twice.
    #[test]
    fn nothing_is_lost_by_leaving(pieces in proptest::collection::vec(".{0,5}", 0..150), leaves in proptest::collection::vec(0usize..40, 0..10)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let live = live();
        for piece in &pieces {
            live.say(token(piece));
        }
        live.say(Outgoing::Cancelled);
        let frames = runtime.block_on(async {
            let (mut frames, mut seen) = (Vec::new(), 0);
            for count in leaves {
                let mut follower = live.follow(seen);
                for _ in 0..count {
                    let Some(frame) = follower.next().await else { break };
                    let frame: Value = serde_json::from_str(frame.as_str()).unwrap();
                    seen = frame["seq"].as_u64().unwrap();
                    frames.push(frame);
                }
            }
            frames.extend(rest(live.follow(seen)).await);
            frames
        });
        prop_assert_eq!(said(&frames), pieces.concat());
        prop_assert!(places(&frames).is_sorted_by(|one, next| one < next));
    }
}
