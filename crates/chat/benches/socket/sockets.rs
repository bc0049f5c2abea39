//! Sockets on which nobody says anything.

use std::time::Instant;

use crate::client::Client;
use crate::load::Load;
use crate::process::megabytes;
use crate::service::Service;
use crate::table::line;
use crate::ways::Way;

/// Idle sockets.
const SOCKETS: usize = 2_000;

const BY: &str = "a bare tokio-tungstenite server that reads and does nothing";

pub(crate) async fn measure(load: &Load) {
    let bare = Service::bare().await;
    let url = format!("http://{}/", bare.address);
    let (mut idle, began) = (Vec::with_capacity(SOCKETS), Instant::now());
    while idle.len() < SOCKETS {
        idle.push(Client::opening_at(bare.address, None, &url, &[]).await.unwrap());
    }
    let (opened_bare, memory_bare) = (began.elapsed().as_secs_f64() * 1000.0, megabytes(bare.id()));
    drop(idle);
    let before = megabytes(load.chat.id());
    let (mut idle, began) = (Vec::with_capacity(SOCKETS), Instant::now());
    while idle.len() < SOCKETS {
        idle.push(load.open(Way::Direct).await);
    }
    let opened = began.elapsed().as_secs_f64() * 1000.0;
    let after = megabytes(load.chat.id());
    line(&format!("{SOCKETS} sockets opened, one after the other"), opened, Some(opened_bare), "ms", BY);
    line(
        &format!("{SOCKETS} idle sockets: the process's memory in all (under 100 MB)"),
        after,
        Some(memory_bare),
        "MB",
        BY,
    );
    let each = (after - before) * 1024.0 / SOCKETS as f64;
    line("one idle socket, in memory", each, None, "KB", "");
    drop(idle);
}
