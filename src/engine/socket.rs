//! What went over a WebSocket, noted as it happens, so that a deadline leaves it behind.

use std::time::{Duration, Instant};

use bytes::Bytes;
use scenario::{Redactor, Span};
use verdict::evidence::{Direction, Ending, EndingKind, FrameKind, FrameRecord, WebSocketRecord};

use super::trace;

/// How many of the first frames are kept for the report.
const FIRST: usize = 150;
/// How many of the last.
const LAST: usize = 50;
/// How much of a frame's content the report shows, in bytes.
const EXCERPT: usize = 256;

/// One frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Who sent it.
    pub direction: Direction,
    /// Its kind.
    pub kind: FrameKind,
    /// When, since the WebSocket was open.
    pub at: Duration,
    /// Its content; of a close frame the reason.
    pub content: Bytes,
    /// The code of a close frame, where it has one.
    pub code: Option<u16>,
}

/// A frame as it is kept: with the beginning of its content.
#[derive(Debug, Clone)]
struct Kept {
    frame: Frame,
    bytes: usize,
}

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// In which way.
    pub how: EndingKind,
    /// When, since it was open.
    pub at: Duration,
    /// The code of the close frame.
    pub code: Option<u16>,
    /// The reason of the close frame, or what was wrong.
    pub reason: String,
}

/// An open WebSocket, as far as the report is concerned.
#[derive(Debug, Clone)]
pub struct SocketLog {
    opened: Instant,
    subprotocol: Option<String>,
    first: Vec<Kept>,
    last: std::collections::VecDeque<Kept>,
    sent: u64,
    received: u64,
    ended: Option<End>,
    waiting: Option<Span>,
}

impl SocketLog {
    /// One that was opened just now.
    pub fn new(subprotocol: Option<String>) -> Self {
        Self {
            opened: Instant::now(),
            subprotocol,
            first: Vec::new(),
            last: std::collections::VecDeque::new(),
            sent: 0,
            received: 0,
            ended: None,
            waiting: None,
        }
    }

    /// How long it has been open.
    pub fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// How many frames came, a close frame left out.
    pub fn received(&self) -> u64 {
        let closed = self
            .first
            .iter()
            .chain(&self.last)
            .any(|kept| kept.frame.kind == FrameKind::Close && kept.frame.direction == Direction::Received);
        self.received - u64::from(closed)
    }

    /// The turn that is being waited for, by its place in the file.
    pub fn waiting(&self) -> Option<Span> {
        self.waiting
    }

    /// Notes which turn is being waited for.
    pub fn wait_for(&mut self, turn: Option<Span>) {
        self.waiting = turn;
    }

    /// Notes a frame.
    pub fn note(&mut self, frame: &Frame) {
        match frame.direction {
            Direction::Sent => self.sent += 1,
            Direction::Received => self.received += 1,
        }
        let head = frame.content.len().min(EXCERPT + trace::MARGIN);
        // A copy, so that a long message isn't kept for its beginning.
        let content = Bytes::copy_from_slice(&frame.content[..head]);
        let kept = Kept { bytes: frame.content.len(), frame: Frame { content, ..frame.clone() } };
        if self.first.len() < FIRST {
            self.first.push(kept);
            return;
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(kept);
    }

    /// Notes the end; only the first counts.
    pub fn end(&mut self, end: End) {
        self.ended.get_or_insert(end);
    }

    /// Notes the end anew: the server's close frame was the answer to ours.
    pub fn replace_end(&mut self, end: End) {
        self.ended = Some(end);
    }

    /// The same as evidence, redacted.
    pub fn record(&self, redactor: &Redactor) -> WebSocketRecord {
        let shown: Vec<FrameRecord> = self.first.iter().chain(&self.last).map(|kept| kept.record(redactor)).collect();
        let total = self.sent + self.received;
        let ending = match &self.ended {
            None => Ending { how: EndingKind::StillOpen, code: None, reason: None },
            Some(end) => Ending {
                how: end.how,
                code: end.code,
                reason: (!end.reason.is_empty()).then(|| redactor.redact(&end.reason).into_owned()),
            },
        };
        let open = self.ended.as_ref().map_or_else(|| self.age(), |end| end.at);
        WebSocketRecord {
            subprotocol: self.subprotocol.as_ref().map(|name| redactor.redact(name).into_owned()),
            sent: self.sent,
            received: self.received,
            omitted: total.saturating_sub(shown.len() as u64),
            frames: shown,
            ending,
            open_ms: trace::milliseconds(open),
        }
    }
}

impl Kept {
    fn record(&self, redactor: &Redactor) -> FrameRecord {
        let excerpt = match self.frame.kind {
            FrameKind::Binary => None,
            _ => trace::excerpt(&self.frame.content, EXCERPT, redactor),
        };
        FrameRecord {
            direction: self.frame.direction,
            kind: self.frame.kind,
            at_ms: trace::milliseconds(self.frame.at),
            bytes: self.bytes as u64,
            excerpt,
            code: self.frame.code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Secret;

    fn text(number: usize, content: String) -> Frame {
        Frame {
            direction: Direction::Received,
            kind: FrameKind::Text,
            at: Duration::from_millis(number as u64),
            content: Bytes::from(content),
            code: None,
        }
    }

    #[test]
    fn of_many_frames_the_first_and_the_last_are_kept_and_of_each_the_beginning() {
        let mut log = SocketLog::new(None);
        for number in 0..1000 {
            log.note(&text(number, format!("{number} {}", "x".repeat(100_000))));
        }
        let record = log.record(&Redactor::new());
        assert_eq!((record.received, record.frames.len(), record.omitted), (1000, 200, 800));
        let starts =
            |index: usize| record.frames[index].excerpt.as_ref().unwrap().split(' ').next().unwrap().to_owned();
        assert_eq!((starts(149), starts(150), starts(199)), ("149".into(), "950".into(), "999".into()));
        assert!(record.frames.iter().all(|frame| frame.excerpt.as_ref().unwrap().len() == EXCERPT));
        assert!(record.frames.iter().all(|frame| frame.bytes > 100_000));
        let kept: usize = log.first.iter().chain(&log.last).map(|kept| kept.frame.content.len()).sum();
        assert!(kept <= 200 * (EXCERPT + trace::MARGIN), "{kept}");
        assert_eq!(record.ending.how, EndingKind::StillOpen);
    }

    #[test]
    fn secrets_are_hidden_whole_wherever_they_are() {
        let mut redactor = Redactor::new();
        redactor.add(&Secret::new("correct-horse-battery"));
        let mut log = SocketLog::new(Some("correct-horse-battery".to_owned()));
        for before in EXCERPT - 25..=EXCERPT {
            log.note(&text(0, format!("{}correct-horse-battery", "x".repeat(before))));
        }
        log.end(End {
            how: EndingKind::ClosedByServer,
            at: Duration::ZERO,
            code: Some(4000),
            reason: "no correct-horse-battery".to_owned(),
        });
        let shown = format!("{:?}", log.record(&redactor));
        assert!(!shown.contains("corre") && shown.contains("no ***"), "{shown}");
    }
}
