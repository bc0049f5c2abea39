//! A forge that the chat reaches over TLS: believed by the authorities that the settings name, and by no others.

use std::net::SocketAddr;

use routes::Mode;
use rustix::process::Signal;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;

use crate::program::Running;
use crate::tls::Certificate;
use crate::world::{COOKIE, World, listener};

/// TLS before a forge that speaks none.
async fn before(forge: SocketAddr, certificate: &Certificate) -> SocketAddr {
    let (listener, acceptor) = (listener().await, TlsAcceptor::from(certificate.server.clone()));
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who doesn't believe the certificate hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut forge = TcpStream::connect(forge).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut forge).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn only_those_that_are_named_are_believed() {
    let (right, wrong) = (Certificate::for_names(&["localhost"]), Certificate::for_names(&["localhost"]));
    let foreign = Certificate::for_names(&["edge.test"]);
    for (what, serves, trusts, expected) in [
        ("the one that is named", &right, &right, 303),
        ("another of the same name", &right, &wrong, 502),
        ("one for another name", &foreign, &foreign, 502),
    ] {
        let mut world = World::new(Mode::Subpath).await;
        let port = before(world.forge.addr(), serves).await.port();
        let file = world.folder().join("authority.pem");
        std::fs::write(&file, &trusts.certificate_pem).unwrap();
        world.values.insert("FORGE_URL".to_owned(), format!("https://localhost:{port}"));
        let mut program = Command::new(env!("CARGO_BIN_EXE_chat"));
        program.env_clear().envs(&world.values).env("SSL_CERT_FILE", &file).kill_on_drop(true);
        let running = Running::start(&mut world, program).await;
        let mut browser = world.browser();
        let answer = world.callback(&mut browser, "smoke").await;
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
        assert_eq!(answer.cookie(COOKIE).is_some(), expected == 303, "{what}");
        let (_, log) = running.end(Signal::TERM).await;
        assert_eq!(log.contains("no TLS with localhost"), expected != 303, "{what}: {log}");
    }
}
