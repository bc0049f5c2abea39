//! How many turns fit at once.

use std::fs;

/// What a turn takes at its peak, in bytes. Measured: about 200 MB.
const TURN: u64 = 200 * 1024 * 1024;

/// What the server itself is left, in bytes.
const SERVER: u64 = 64 * 1024 * 1024;

/// How many processes and threads a turn may take. Measured: about 20.
const TURN_PIDS: u64 = 32;

/// How many there are where nothing bounds them.
const UNBOUNDED: usize = 2;

/// What bounds a process and its like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// As many turns as fit into the bounds of the container, and one at least. The default bounds, 512 MB and 128 processes, hold two.
pub(super) fn slots(Bounds { memory, pids }: Bounds) -> usize {
    let by_memory = memory.map(|memory| memory.saturating_sub(SERVER) / TURN);
    let by_pids = pids.map(|pids| pids / TURN_PIDS);
    let bound = by_memory.into_iter().chain(by_pids).min();
    bound.map_or(UNBOUNDED, |slots| usize::try_from(slots).unwrap_or(usize::MAX)).clamp(1, 64)
}

/// The bounds that this process lives under. Both versions of control groups are looked at, as they
/// are seen from inside a container.
pub fn bounds() -> Bounds {
    let root = "/sys/fs/cgroup";
    let first =
        |paths: [&str; 2]| paths.iter().find_map(|path| bound(&fs::read_to_string(format!("{root}/{path}")).ok()?));
    Bounds { memory: first(["memory.max", "memory/memory.limit_in_bytes"]), pids: first(["pids.max", "pids/pids.max"]) }
}

/// A bound as the kernel writes it. Where there is none it is `max`, or a number beyond all machines.
fn bound(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bound| *bound < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_binds_before_processes_do() {
        let megabytes = |number: u64| Some(number * 1024 * 1024);
        for (memory, pids, expected) in [
            (megabytes(512), Some(128), 2),
            (megabytes(512), None, 2),
            (megabytes(256), Some(128), 1),
            (megabytes(64), Some(128), 1),
            (megabytes(2048), Some(128), 4),
            (megabytes(2048), Some(1024), 9),
            (None, Some(32), 1),
            (None, None, 2),
        ] {
            assert_eq!(slots(Bounds { memory, pids }), expected, "{memory:?} {pids:?}");
        }
    }

    #[test]
    fn no_bound_is_told_in_two_ways() {
        for (text, expected) in
            [("536870912\n", Some(536_870_912)), ("max\n", None), ("9223372036854771712\n", None), ("", None)]
        {
            assert_eq!(bound(text), expected, "{text}");
        }
    }
}
