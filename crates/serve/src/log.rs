//! The last lines that a server logged.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines are kept.
const CAPACITY: usize = 1000;

/// The last lines that a server logged, oldest first. Clones share them. Queries are left out: they carry codes and tokens.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    to_stderr: bool,
}

impl Log {
    /// A log that writes each line to standard error as well, as a program in a container does.
    pub fn to_stderr() -> Self {
        Self { to_stderr: true, ..Self::default() }
    }

    /// The last lines, no more than `count`.
    pub fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Notes one request with its answer.
    pub fn access(&self, method: &str, path: &str, status: u16) {
        self.line(format!("{method} {path} {status}"));
    }

    /// Notes a line. Neither secrets nor line breaks belong into it.
    pub fn line(&self, line: String) {
        if self.to_stderr {
            // A log that nobody can read any more is no reason to end.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == CAPACITY {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_stay() {
        let log = Log::default();
        for number in 0..=CAPACITY {
            log.line(number.to_string());
        }
        assert_eq!(log.last(2), ["999", "1000"]);
        let all = log.last(usize::MAX);
        assert_eq!((all.len(), all[0].as_str()), (CAPACITY, "1"));
    }
}
