//! What a real Caddy must not do to answers on their way.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, said};
use crate::stand_in::StandIn;
use crate::ways::Way;
use crate::world::{MODES, Plan, World};

#[tokio::test]
async fn the_socket_through_caddy() {
    if !Way::Caddy.is_possible() {
        return;
    }
    for mode in MODES {
        let stand_in = StandIn::answering(&["one ", "#wait on", "two ", "#wait again", "three"]);
        let settings = stand_in.settings();
        let values: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let world = World::stand(Plan { mode, more: &values, ..Plan::by(Way::Caddy) }).await;
        let browser = world.signed_in("smoke").await;
        let mut client = Client::open(&world, &browser).await;
        client.send(json!({ "type": "chat_request", "message": "?" })).await;
        // Each piece is here before the command prints the next: nothing on the way holds it back.
        let mut text = said(&client.until("token").await);
        for (name, expected) in [("on", "one two "), ("again", "one two three")] {
            stand_in.release(name);
            text.push_str(client.frame().await["token"].as_str().unwrap());
            assert_eq!(text, expected, "{mode}");
        }
        client.until("complete").await;
        // It stays open while nobody says anything.
        assert!(tokio::time::timeout(Duration::from_secs(5), client.came()).await.is_err(), "{mode}");
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.frame().await["type"], "pong", "{mode}");
    }
}
