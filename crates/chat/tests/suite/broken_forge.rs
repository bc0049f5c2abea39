//! The forge fails between a person's consent and the callback: nobody is signed in, it is told soon and in words, and another try gets in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::ways::Way;
use crate::world::{COOKIE, Plan, World, bind_again, listener};

/// How long the chat waits for the forge in these tests.
const PATIENCE: Duration = Duration::from_millis(400);

/// What may be lost on the way beside that, on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(5);

/// What becomes of a connection to the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// It is led to the real one.
    Good,
    /// It is taken, and nothing is ever said.
    Silent,
    /// The same once the request was read.
    Deaf,
    /// It is closed.
    HangsUp,
    /// One byte of an answer now and then, for ever.
    Drips,
    /// An answer of ten megabytes, whose length is told.
    Floods,
    /// The same, and its length isn't.
    FloodsUntold,
    /// Fields without an end.
    FloodsFields,
    /// This, and then it is closed.
    Says(&'static str),
    /// The answer to the token's request is the real one's; whoever asks for the user hears nothing.
    TokenAlone,
}

/// Stands where the chat believes the forge to be.
struct Door {
    address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Door {
    async fn before(forge: SocketAddr) -> Self {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(Behaviour::Good));
        let current = behaviour.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let behaviour = *current.lock().unwrap();
                tokio::spawn(async move {
                    // How a client takes it is the client's business.
                    let _ = serve(stream, forge, behaviour).await;
                });
            }
        });
        Self { address, behaviour }
    }

    fn behaves(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

async fn serve(mut stream: TcpStream, forge: SocketAddr, behaviour: Behaviour) -> std::io::Result<()> {
    const LENGTH: usize = 10 * 1024 * 1024;
    if behaviour == Behaviour::Silent {
        return std::future::pending().await;
    }
    let mut head = vec![0; 16 * 1024];
    let read = stream.read(&mut head).await?;
    let asks_for_user = head[..read].starts_with(b"GET /login/oauth/userinfo");
    match behaviour {
        Behaviour::TokenAlone if asks_for_user => std::future::pending().await,
        Behaviour::Good | Behaviour::TokenAlone => {
            let mut real = TcpStream::connect(forge).await?;
            real.write_all(&head[..read]).await?;
            copy_bidirectional(&mut stream, &mut real).await.map(drop)
        }
        Behaviour::Silent | Behaviour::Deaf => std::future::pending().await,
        Behaviour::HangsUp => Ok(()),
        Behaviour::Drips => {
            for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".iter().chain([b' '].iter().cycle())
            {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Behaviour::Floods | Behaviour::FloodsUntold => {
            let length = match behaviour {
                Behaviour::Floods => format!("Content-Length: {LENGTH}\r\n"),
                _ => String::new(),
            };
            let fields = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n");
            stream.write_all(fields.as_bytes()).await?;
            stream.write_all(&vec![b' '; LENGTH]).await
        }
        Behaviour::FloodsFields => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await?;
            stream.write_all(&vec![b'x'; LENGTH]).await
        }
        Behaviour::Says(text) => stream.write_all(text.as_bytes()).await,
    }
}

pub(crate) async fn whatever_it_does_nobody_gets_in_and_the_next_try_does(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let door = Door::before(world.forge.addr()).await;
    world.values.insert("FORGE_URL".to_owned(), format!("http://{}", door.address));
    world.patience = PATIENCE;
    world.restart_chat().await;
    for behaviour in [
        Behaviour::Silent,
        Behaviour::Deaf,
        Behaviour::HangsUp,
        Behaviour::Drips,
        Behaviour::Floods,
        Behaviour::FloodsUntold,
        Behaviour::FloodsFields,
        Behaviour::Says("\0\x01garbage\r\n\r\n\x02\x03"),
        Behaviour::Says("SSH-2.0-OpenSSH_9.2\r\n"),
        Behaviour::Says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm"),
        Behaviour::Says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
        Behaviour::Says("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
        Behaviour::Says("HTTP/1.1 302 Found\r\nLocation: /user/login\r\nContent-Length: 0\r\n\r\n"),
        Behaviour::Says("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
        Behaviour::Says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nsoon\n"),
        Behaviour::TokenAlone,
    ] {
        let mut browser = world.browser();
        let back = world.until_callback(&mut browser, "smoke").await;
        door.behaves(behaviour);
        let began = Instant::now();
        let answer = browser.get(&back).await;
        assert!(began.elapsed() < PATIENCE + SLACK, "{behaviour:?}: {:?}", began.elapsed());
        assert_eq!(answer.status, 502, "{behaviour:?}: {}", answer.body);
        assert!(answer.cookie(COOKIE).is_none(), "{behaviour:?}");
        assert!(answer.body.contains("The forge doesn&#39;t answer"), "{behaviour:?}: {}", answer.body);
        assert!(answer.body.contains(&format!("href=\"{}\"", world.url("/login"))), "there is a way on");
        assert_eq!(browser.get(&world.url("/history")).await.status, 401, "{behaviour:?}");
        door.behaves(Behaviour::Good);
        if behaviour == Behaviour::TokenAlone {
            // The code was taken: the forge gives nothing for it any more, and says so.
            assert_eq!(browser.get(&back).await.status, 400);
            assert_eq!(world.callback(&mut browser, "smoke").await.status, 303);
        } else {
            assert_eq!(browser.get(&back).await.status, 303, "{behaviour:?}: the same page, loaded again");
        }
        assert_eq!(browser.get(&world.url("/history")).await.status, 200, "{behaviour:?}");
    }
}

/// Somebody who doesn't wait for the forge, and loads the page again: the first request's sign-in is neither half used nor lost.
pub(crate) async fn who_loses_patience_and_reloads_gets_in_once_it_is_back(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let door = Door::before(world.forge.addr()).await;
    world.values.insert("FORGE_URL".to_owned(), format!("http://{}", door.address));
    world.patience = PATIENCE;
    world.restart_chat().await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    door.behaves(Behaviour::Deaf);
    let mut impatient = browser.clone();
    assert!(tokio::time::timeout(PATIENCE / 4, impatient.get(&back)).await.is_err(), "the connection is dropped");
    door.behaves(Behaviour::Good);
    let got_in = async {
        loop {
            let answer = browser.get(&back).await;
            if answer.status == 303 {
                return;
            }
            // While the first one is still waited for.
            assert!(answer.status == 400 && answer.body.contains("used before"), "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE + SLACK, got_in).await.unwrap();
}

/// The forge goes away between the consent and the callback: nobody is signed in, and once it is back the same page gets in.
pub(crate) async fn the_forge_is_down_during_the_callback(way: Way) {
    let mut world = World::stand(Plan::by(way)).await;
    let mut browser = world.browser();
    let back = world.until_callback(&mut browser, "smoke").await;
    let forge = world.forge.addr();
    world.forge.double().pause(std::time::Duration::from_secs(5)).await;
    let answer = browser.get(&back).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert!(answer.body.contains("The forge doesn&#39;t answer") && answer.cookie(COOKIE).is_none(), "{}", answer.body);
    let listener = bind_again(forge).await;
    world.forge.double().resume(listener).unwrap();
    assert_eq!(browser.get(&back).await.status, 303);
}

/// Another program at the forge's address, with answers that no forge gives.
pub(crate) async fn what_is_no_forge_signs_nobody_in(way: Way) {
    for (token, user, status) in [
        ("<html>", "", 502),
        (r#"{"access_token":"t","token_type":"bearer"}"#, "<html>", 502),
        (r#"{"access_token":"t","token_type":"bearer"}"#, r#"{"preferred_username":"../../etc"}"#, 502),
        (r#"{"access_token":"t","token_type":"bearer"}"#, r#"{"preferred_username":"smoke\r\nX: y"}"#, 502),
        (r#"{"access_token":"t","token_type":"bearer"}"#, r#"{"name":"smoke"}"#, 502),
        (r#"{"access_token":"t","token_type":"bearer"}"#, r#"{"preferred_username":"smoke"}"#, 303),
    ] {
        let mut world = World::stand(Plan::by(way)).await;
        let mut browser = world.browser();
        let back = world.until_callback(&mut browser, "smoke").await;
        let fake = serve::Server::start(listener().await, move |request, _| async move {
            let text = if request.uri().path().ends_with("access_token") { token } else { user };
            let mut answer = http::Response::new(serve::full(text));
            answer.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
            answer
        });
        let fake = fake.unwrap();
        world.values.insert("FORGE_URL".to_owned(), format!("http://{}", fake.address()));
        world.restart_chat().await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.status, status, "{token} {user}: {}", answer.body);
        assert_eq!(answer.cookie(COOKIE).is_some(), status == 303);
    }
}
