//! How much one person may ask for over HTTP.

use crate::ways::Way;
use crate::world::{Plan, World};

pub(crate) async fn the_refusal_says_when_to_come_back_and_survives_a_restart(way: Way) {
    let mut world = World::stand(Plan { more: &[("CHAT_MAX_REQUESTS_PER_HOUR", "2")], ..Plan::by(way) }).await;
    let mut browser = world.signed_in("smoke").await;
    let (url, origin) = (world.url("/new"), world.origin());
    for _ in 0..2 {
        assert_eq!(browser.post(&url, &origin, &[]).await.status, 201);
    }
    for _ in 0..2 {
        let refused = browser.post(&url, &origin, &[]).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "requests_per_hour"));
        let wait: u64 = refused.field("retry-after").unwrap().parse().unwrap();
        assert!((3540..=3600).contains(&wait), "{wait}");
        assert!(refused.body.contains("come back in"), "{}", refused.body);
        world.restart_chat().await;
    }
    assert_eq!(browser.get(&world.url("/history")).await.status, 200, "reading is free");
    assert_eq!(browser.post(&world.url("/logout"), &origin, &[]).await.status, 200, "and so is leaving");
    let mut other = world.signed_in("Other").await;
    assert_eq!(other.post(&url, &origin, &[]).await.status, 201, "another's limit is another's");
}

/// What is refused for another reason costs nothing.
pub(crate) async fn foreign_pages_use_nobodys_limit_up(way: Way) {
    let world = World::stand(Plan { more: &[("CHAT_MAX_REQUESTS_PER_HOUR", "1")], ..Plan::by(way) }).await;
    let mut browser = world.signed_in("smoke").await;
    for _ in 0..3 {
        assert_eq!(browser.post(&world.url("/new"), "http://evil.test", &[]).await.status, 403);
    }
    assert_eq!(browser.post(&world.url("/new"), &world.origin(), &[]).await.status, 201);
}
