//! The stream that people read: rows as they come, and below them a line of what is being tried.

use std::io::{self, Write};

use crate::report::Style;
use crate::report::text::shorten;

/// Writes rows, and keeps a line below them up to date where lines can be overwritten.
pub struct Live {
    style: Style,
    to: Box<dyn Write + Send>,
    total: usize,
    done: usize,
    running: Vec<String>,
    is_shown: bool,
    /// The first error in writing; a reader who leaves early (`| head`) is none.
    error: Option<io::Error>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Live").field("done", &self.done).field("total", &self.total).finish_non_exhaustive()
    }
}

impl Live {
    /// For so many faults.
    pub fn new(style: Style, to: Box<dyn Write + Send>, total: usize) -> Self {
        Self { style, to, total, done: 0, running: Vec::new(), is_shown: false, error: None }
    }

    /// A fault is being tried.
    pub fn began(&mut self, id: &str) {
        self.running.push(id.to_owned());
        self.show();
    }

    /// A fault has been tried.
    pub fn ended(&mut self, id: &str) {
        self.running.retain(|running| running != id);
        self.done += 1;
        self.show();
    }

    /// Lines that stay.
    pub fn write(&mut self, text: &str) {
        self.clear();
        self.put(text);
        self.show();
    }

    /// Takes the line of what is being tried away.
    pub fn clear(&mut self) {
        if self.is_shown {
            // Carriage return, and erase to the end of the line (ECMA-48, section 8.3.41).
            self.put("\r\x1b[K");
            self.is_shown = false;
        }
    }

    /// What could not be written.
    ///
    /// # Errors
    /// The first error, unless the reader has left.
    pub fn finish(mut self) -> io::Result<()> {
        self.clear();
        self.error.map_or(Ok(()), Err)
    }

    fn show(&mut self) {
        if !self.style.live || self.running.is_empty() {
            return;
        }
        let line = format!("{}/{} tried; now {}", self.done, self.total, self.running.join(", "));
        self.clear();
        self.put(&shorten(&line, self.style.width.saturating_sub(1)));
        self.is_shown = true;
    }

    fn put(&mut self, text: &str) {
        let written = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.error.get_or_insert(error);
        }
    }
}
