//! The last lines that a server logged.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines are kept.
const CAPACITY: usize = 1000;

/// The last lines that a server logged, oldest first. Clones share them. Queries are left out: they carry codes and tokens.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// The last lines, no more than `count`.
    pub fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }

    /// Notes one request with its answer.
    pub fn access(&self, method: &str, path: &str, status: u16) {
        self.line(format!("{method} {path} {status}"));
    }

    fn line(&self, line: String) {
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
