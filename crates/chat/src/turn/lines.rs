//! Lines of a stream, however long it is.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that is longer than lines may be. Nothing of it was kept.
    TooLong,
    /// More was printed in all than may be.
    TooMuch,
    /// The end.
    End,
}

/// Reads lines. Never is more than one in memory.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    longest: usize,
    left: usize,
    /// The line so far; kept here, so that nothing is lost when [`Self::next`] is given up half-way.
    line: Vec<u8>,
    /// What was seen of a line that is too long is thrown away.
    is_too_long: bool,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Lines no longer than `longest`, and no more than `most` bytes in all.
    pub(super) fn new(reader: R, longest: usize, most: usize) -> Self {
        Self { reader, longest, left: most, line: Vec::new(), is_too_long: false }
    }

    /// The next line. A last one that doesn't end counts too. A stream that can't be read any further has ended.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let Ok(buffer) = self.reader.fill_buf().await else { return Next::End };
            if buffer.is_empty() {
                let rest = std::mem::take(&mut self.line);
                return if rest.is_empty() { Next::End } else { Next::Line(rest) };
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            self.is_too_long |= self.line.len() + piece.len() > self.longest;
            if self.is_too_long {
                self.line.clear();
            } else {
                self.line.extend_from_slice(piece);
            }
            let consumed = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(consumed);
            if consumed > self.left {
                return Next::TooMuch;
            }
            self.left -= consumed;
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                return if std::mem::take(&mut self.is_too_long) { Next::TooLong } else { Next::Line(line) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    async fn all(text: &[u8], longest: usize, most: usize) -> Vec<Next> {
        // A small buffer, so that lines come in pieces.
        let mut lines = Lines::new(BufReader::with_capacity(3, text), longest, most);
        let mut all = Vec::new();
        loop {
            let next = lines.next().await;
            let is_last = matches!(next, Next::End | Next::TooMuch);
            all.push(next);
            if is_last {
                return all;
            }
        }
    }

    #[tokio::test]
    async fn lines_are_bounded_one_by_one_and_together() {
        let line = |text: &str| Next::Line(text.as_bytes().to_vec());
        assert_eq!(all(b"", 9, 99).await, [Next::End]);
        assert_eq!(all(b"one\n\ntwo", 9, 99).await, [line("one"), line(""), line("two"), Next::End]);
        assert_eq!(all(b"0123456789\nok\n", 9, 99).await, [Next::TooLong, line("ok"), Next::End]);
        assert_eq!(all(b"012345678\n", 9, 99).await, [line("012345678"), Next::End]);
        assert_eq!(all(b"one\ntwo\nthree\n", 9, 8).await, [line("one"), line("two"), Next::TooMuch]);
        assert_eq!(all(&[0; 5000], 9, 1000).await, [Next::TooMuch]);
    }
}
