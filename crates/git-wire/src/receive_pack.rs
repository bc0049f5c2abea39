//! Sending objects, and the report on what became of them.

use crate::object::ObjectId;
use crate::pkt_line::{self, Lines, Packet, PacketError, excerpt};
use crate::side_band::{self, Band, BandError};
use crate::upload_pack::add_words;

/// The longest list of commands that is read, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// A change of one branch or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it points to now; [`ObjectId::NONE`] where it isn't there.
    pub old: ObjectId,
    /// What it shall point to; [`ObjectId::NONE`] to delete it.
    pub new: ObjectId,
    /// Its full name.
    pub name: String,
}

/// What a client wants changed. A pack follows unless all commands delete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What the client can do.
    pub capabilities: Vec<String>,
    /// The changes.
    pub commands: Vec<Command>,
}

/// A request that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A line that is no change.
    #[error("expected old id, new id and name, found `{0}`")]
    Line(String),
    /// It never ends.
    #[error("the list of changes is longer than {MOST_BYTES} bytes")]
    TooLong,
}

impl Request {
    /// Whether the client can do this.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// Whether a pack follows.
    pub fn has_pack(&self) -> bool {
        self.commands.iter().any(|command| command.new != ObjectId::NONE)
    }

    /// The request's content, as far as the pack.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, Command { old, new, name }) in self.commands.iter().enumerate() {
            let capabilities = if index == 0 { format!("\0 {}", self.capabilities.join(" ")) } else { String::new() };
            pkt_line::write(&mut out, format!("{old} {new} {name}{capabilities}").as_bytes());
        }
        pkt_line::flush(&mut out);
        out
    }

    /// Reads the beginning of a request, as far as the pack. Gives how many bytes that was; `None` where more are needed.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(content: &[u8]) -> Result<Option<(Self, usize)>, RequestError> {
        let mut request = Self::default();
        let mut rest = content;
        while let Some((packet, after)) = pkt_line::split(rest)? {
            rest = after;
            let line = match packet {
                Packet::Flush => return Ok(Some((request, content.len() - rest.len()))),
                Packet::Data(data) => data.strip_suffix(b"\n").unwrap_or(data),
            };
            let wrong = || RequestError::Line(excerpt(line));
            let text = std::str::from_utf8(line).map_err(|_| wrong())?;
            let (command, capabilities) = text.split_once('\0').unwrap_or((text, ""));
            if request.commands.is_empty() {
                request.capabilities =
                    capabilities.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            }
            let mut parts = command.splitn(3, ' ');
            let mut id = || parts.next()?.parse().ok();
            let (old, new) = id().zip(id()).ok_or_else(wrong)?;
            let name = parts.next().ok_or_else(wrong)?.to_owned();
            request.commands.push(Command { old, new, name });
        }
        if content.len() > MOST_BYTES { Err(RequestError::TooLong) } else { Ok(None) }
    }
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What became of the pack; else why it was refused.
    pub unpack: Result<(), String>,
    /// What became of each branch or tag; else why it was refused.
    pub references: Vec<(String, Result<(), String>)>,
}

/// An answer to a push, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// The server's words for people.
    pub progress: String,
}

/// An answer that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It isn't in side bands.
    #[error(transparent)]
    Band(#[from] BandError),
    /// A line that is no part of a report.
    #[error("expected `unpack …`, `ok …` or `ng …`, found `{0}`")]
    Line(String),
    /// The server gives up, in its own words.
    #[error("the server says: {0}")]
    Refused(String),
    /// There is no report in it.
    #[error("the answer has no report on the push")]
    NoReport,
}

impl Report {
    /// The answer's content, in a side band where the client wants that.
    pub fn write(&self, banded: bool) -> Vec<u8> {
        let mut report = Vec::new();
        let unpack = self.unpack.as_ref().err().map_or("ok", String::as_str);
        pkt_line::write(&mut report, format!("unpack {unpack}\n").as_bytes());
        for (name, outcome) in &self.references {
            let line = match outcome {
                Ok(()) => format!("ok {name}\n"),
                Err(why) => format!("ng {name} {why}\n"),
            };
            pkt_line::write(&mut report, line.as_bytes());
        }
        pkt_line::flush(&mut report);
        if !banded {
            return report;
        }
        let mut out = Vec::new();
        side_band::write(&mut out, &report);
        pkt_line::flush(&mut out);
        out
    }

    fn read(content: &[u8]) -> Result<Self, AnswerError> {
        let mut unpack = None;
        let mut references = Vec::new();
        for packet in Lines::new(content) {
            let Some(line) = packet?.line() else { break };
            let text = String::from_utf8_lossy(line);
            let words: Vec<&str> = text.splitn(3, ' ').collect();
            match words[..] {
                ["unpack", "ok"] => unpack = Some(Ok(())),
                ["unpack", ..] => unpack = Some(Err(excerpt(&line["unpack ".len().min(line.len())..]))),
                ["ok", name, ..] => references.push((name.to_owned(), Ok(()))),
                ["ng", name, why] => references.push((name.to_owned(), Err(excerpt(why.as_bytes())))),
                // Of report-status-v2: more on the reference before it.
                ["option", ..] => {}
                _ => return Err(AnswerError::Line(excerpt(line))),
            }
        }
        Ok(Self { unpack: unpack.ok_or(AnswerError::NoReport)?, references })
    }
}

impl Answer {
    /// Reads an answer's content.
    ///
    /// # Errors
    /// It is something else; the error says what was found.
    pub fn read(content: &[u8], banded: bool) -> Result<Self, AnswerError> {
        if !banded {
            return Ok(Self { report: Report::read(content)?, progress: String::new() });
        }
        let mut report = Vec::new();
        let mut progress = String::new();
        for packet in Lines::new(content) {
            match side_band::read(&packet?)? {
                Band::Content(piece) => report.extend_from_slice(piece),
                Band::Progress(words) => add_words(&mut progress, words),
                Band::Error(words) => return Err(AnswerError::Refused(excerpt(words))),
                Band::End => break,
            }
        }
        Ok(Self { report: Report::read(&report)?, progress })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::Object;

    #[test]
    fn a_request_is_read_as_it_comes() {
        let request = Request {
            capabilities: vec!["report-status".to_owned(), "side-band-64k".to_owned()],
            commands: ["refs/heads/a", "refs/heads/with space"]
                .map(|name| Command { old: ObjectId::NONE, new: Object::blob(name).id(), name: name.to_owned() })
                .into(),
        };
        let mut content = request.write();
        let length = content.len();
        content.extend_from_slice(b"PACK");
        for cut in 0..length {
            assert_eq!(Request::read(&content[..cut]), Ok(None), "{cut}");
        }
        assert!(request.has_pack());
        assert_eq!(Request::read(&content), Ok(Some((request, length))));
    }

    #[test]
    fn what_is_no_request() {
        for (content, words) in [
            (&b"PACK"[..], "expected a packet line, found `PACK`"),
            (b"0009hello0000", "expected old id, new id and name, found `hello`"),
        ] {
            let error = Request::read(content).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let mut endless = Vec::new();
        let id = ObjectId::NONE;
        while endless.len() <= MOST_BYTES {
            pkt_line::write(&mut endless, format!("{id} {id} refs/heads/a").as_bytes());
        }
        assert_eq!(Request::read(&endless), Err(RequestError::TooLong));
    }

    #[test]
    fn reports_come_back() {
        let report = Report {
            unpack: Ok(()),
            references: vec![("refs/heads/a".into(), Ok(())), ("refs/heads/b".into(), Err("non-fast-forward".into()))],
        };
        for banded in [false, true] {
            let answer = Answer::read(&report.write(banded), banded).unwrap();
            assert_eq!(answer.report, report);
        }
        let failed = Report { unpack: Err("index-pack abnormal exit".into()), references: Vec::new() };
        assert_eq!(Answer::read(&failed.write(true), true).unwrap().report, failed);
    }

    #[test]
    fn other_answers_are_told_apart() {
        for (content, banded, words) in [
            (&b""[..], true, "the answer has no report on the push"),
            (b"<html>", true, "expected a packet line, found `<html>`"),
            (b"000eunpack ok\n", true, "a packet line begins with byte 117"),
            (b"000ahello\n", false, "found `hello`"),
            (b"000c\x03too big0000", true, "the server says: too big"),
        ] {
            let error = Answer::read(content, banded).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), banded: bool) {
            let _ = Request::read(&bytes);
            let _ = Answer::read(&bytes, banded);
        }
    }
}
