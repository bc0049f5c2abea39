//! Ten thousand turns, and what is left of them.

use std::time::Instant;

use crate::command::Script;
use crate::load::{Load, turn};
use crate::process::{megabytes, open_files, threads};
use crate::service::KEEP;
use crate::table::line;
use crate::ways::Way;

/// After how many turns it is looked; the first of them is the yardstick.
const MARKS: [usize; 4] = [1_000, 4_000, 7_000, 10_000];

/// How many of those are under way at once, and how many a connection may ask for before it is too fast.
const AT_ONCE: usize = 4;
const PER_SOCKET: usize = 36;

const SCRIPT: Script = Script { pieces: 3, pause: 0, start: 0 };

pub(crate) async fn measure(load: &Load) {
    let id = load.chat.id();
    let (mut seen, mut done) = (Vec::new(), 0);
    let mut took = 0.0;
    for until in MARKS {
        let began = Instant::now();
        futures_util::future::join_all((0..AT_ONCE).map(|_| ask(load, (until - done) / AT_ONCE))).await;
        took += began.elapsed().as_secs_f64();
        done = until;
        // What is kept for those who come back is gone by then.
        tokio::time::sleep(2 * KEEP).await;
        seen.push([megabytes(id), open_files(id), threads(id)]);
    }
    let by = format!("the same after {} turns", MARKS[0]);
    for (nth, (what, unit)) in [("memory", "MB"), ("open files", ""), ("threads", "")].into_iter().enumerate() {
        for (mark, then) in MARKS.iter().zip(&seen).skip(1) {
            line(&format!("{what} after {mark} turns"), then[nth], Some(seen[0][nth]), unit, &by);
        }
    }
    line("one turn, its command's start and its syncs included", took * 1000.0 / done as f64, None, "ms", "");
}

/// So many turns one after the other, each in a conversation of its own.
async fn ask(load: &Load, turns: usize) {
    for nth in 0.. {
        let count = turns.saturating_sub(nth * PER_SOCKET).min(PER_SOCKET);
        if count == 0 {
            return;
        }
        let mut client = load.open(Way::Direct).await;
        for _ in 0..count {
            turn(&mut client, SCRIPT).await;
        }
    }
}
