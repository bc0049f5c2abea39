//! How many sockets there may be.

use std::time::Duration;

use chat::socket::Bounds;
use routes::Mode;
use tokio::io::AsyncReadExt;

use crate::browser::Browser;
use crate::client::{self, Client, fields};
use crate::hostile::raw;
use crate::socket::Talk;
use crate::ways::Way;
use crate::world::{Plan, World};

/// Opens sockets until one opens, as a page does.
pub(crate) async fn opens_in_the_end(world: &World, fields: &[(&str, String)]) -> Client {
    let opened = async {
        loop {
            match Client::opening(world, fields).await {
                Ok(client) => return client,
                Err(status) => assert!(matches!(status, 429 | 503), "{status}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.expect("there is no room again")
}

pub(crate) async fn a_person_has_so_many_sockets_and_the_service_so_many(way: Way) {
    let bounds = Bounds { sockets: 5, sockets_of_one: 3, ..Bounds::default() };
    let world = World::stand(Plan { bounds, ..Plan::by(way) }).await;
    let mut browser = world.signed_in("smoke").await;
    let other = world.signed_in("Other").await;
    let mine = fields(&world, &browser);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(Client::open(&world, &browser).await);
    }
    // As a browser's request: of a refusal's content a client of sockets reads what comes at once.
    let expect_full = async |browser: &Browser, status: u16, words: &str| {
        let origin = world.origin();
        let fields = [
            ("origin", origin.as_str()),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let refusal = browser.clone().send("GET", &world.url("/ws"), &fields, "").await;
        assert_eq!((refusal.status, refusal.code().as_str()), (status, "too_many_sockets"), "{}", refusal.body);
        let wait: u64 = refusal.field("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait) && refusal.body.contains(words), "{wait}: {}", refusal.body);
        assert_eq!(Client::opening(&world, &client::fields(&world, browser)).await.map(drop), Err(status));
    };
    expect_full(&browser, 429, "close some").await;
    // Who isn't let in at all is told that, and the rest of the service is there for everybody.
    assert_eq!(Client::opening(&world, &[("origin", world.origin())]).await.map(drop), Err(401));
    let mut foreign = mine.clone();
    foreign[0].1 = "http://evil.test".to_owned();
    assert_eq!(Client::opening(&world, &foreign).await.map(drop), Err(403));
    assert_eq!(browser.get(&world.url("/history")).await.status, 200);
    assert!(browser.get(&world.url("/session")).await.json()["full"].as_str().unwrap().contains("close some"));
    for _ in 0..2 {
        open.push(Client::open(&world, &other).await);
    }
    expect_full(&other, 503, "try again").await;
    expect_full(&browser, 429, "close some").await;
    // One that closes makes room for one.
    open[0].socket.close(None).await.unwrap();
    open[0].until_end().await;
    open[0] = opens_in_the_end(&world, &mine).await;
    expect_full(&browser, 429, "close some").await;
}

/// Half-open: the client's machine is gone, or its process, and no close was ever sent.
pub(crate) async fn who_leaves_without_a_word_makes_room(way: Way) {
    let bounds = Bounds {
        sockets_of_one: 2,
        ping: Duration::from_millis(50),
        silence: Duration::from_millis(400),
        ..Bounds::default()
    };
    let mut talk = Talk::stand(way, &[], &[], bounds).await;
    let given = fields(&talk.world, &talk.browser);
    // It is there, and answers nothing.
    let mut silent = raw(&talk).await;
    assert_eq!(Client::opening(&talk.world, &given).await.map(drop), Err(429));
    let reading = tokio::spawn(async move { silent.read_to_end(&mut Vec::new()).await });
    // The one that answers pings isn't given up for it.
    let listening = async {
        let again = opens_in_the_end(&talk.world, &given).await;
        drop(again);
    };
    tokio::select! {
        () = listening => {}
        came = talk.client.came() => panic!("{came:?}"),
    }
    reading.await.unwrap().unwrap();
    // Cut off without a close frame.
    let cut = opens_in_the_end(&talk.world, &given).await;
    drop(cut);
    tokio::select! {
        _ = opens_in_the_end(&talk.world, &given) => {}
        came = talk.client.came() => panic!("{came:?}"),
    }
}

pub(crate) async fn a_refused_handshake_takes_no_seat(way: Way) {
    let bounds = Bounds { sockets_of_one: 1, ..Bounds::default() };
    let world = World::stand(Plan { bounds, ..Plan::by(way) }).await;
    let mut browser = world.signed_in("smoke").await;
    let origin = world.origin();
    for fields in [
        &[("origin", origin.as_str())][..],
        &[("origin", &origin), ("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "12")],
        &[("origin", "http://evil.test"), ("connection", "upgrade"), ("upgrade", "websocket")],
    ] {
        let answer = browser.send("GET", &world.url("/ws"), fields, "").await;
        assert!(matches!(answer.status, 403 | 426), "{fields:?}: {}", answer.status);
    }
    Client::open(&world, &browser).await;
}

/// What is left of the service's own: a socket that ends with the session gives its seat back as well.
#[tokio::test]
async fn a_sign_out_gives_seats_back() {
    let bounds = Bounds { sockets_of_one: 1, ping: Duration::from_millis(50), ..Bounds::default() };
    let world = World::timed(Mode::Subpath, &[], bounds).await;
    let mut browser = world.signed_in("smoke").await;
    let mut client = Client::open(&world, &browser).await;
    assert_eq!(browser.post(&world.url("/logout"), &world.origin(), &[]).await.status, 200);
    client.until_end().await;
    let browser = world.signed_in("smoke").await;
    opens_in_the_end(&world, &fields(&world, &browser)).await;
}
