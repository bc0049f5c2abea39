//! How many files the service may have open: every socket is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than any number of sockets that is allowed needs. Without a bound some programs take long to start.
const MOST: u64 = 65_536;

/// What is kept for everything else: the edge's connections, turns with their pipes, histories.
const KEPT: u64 = 256;

/// Raises the limit as far as the system lets it be raised, and gives it. What shells leave at 1024 for programs of old is less than two
/// thousand sockets need.
pub(crate) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MOST).min(MOST);
    let have = current.unwrap_or(MOST);
    if have >= wanted || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_err() {
        return have;
    }
    wanted
}

/// As many sockets as there may be with so many files, and no more than `most`.
pub(crate) fn sockets(most: usize, files: u64) -> usize {
    let fitting = usize::try_from(files.saturating_sub(KEPT).max(files / 2)).unwrap_or(usize::MAX);
    most.min(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_leave_room_for_the_rest() {
        for (files, expected) in [(65_536, 4096), (4000, 3744), (1024, 768), (256, 128), (8, 4)] {
            assert_eq!(sockets(4096, files), expected, "{files}");
        }
    }
}
