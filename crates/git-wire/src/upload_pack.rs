//! Asking for objects, and the answer.

use crate::object::ObjectId;
use crate::pkt_line::{self, Lines, PacketError, excerpt};
use crate::side_band::{self, Band, BandError};

/// The most ids of one kind in a request; more is a client that never ends.
const MOST_IDS: usize = 100_000;

/// How much of the server's words is kept, in bytes.
pub(crate) const MOST_WORDS: usize = 4096;

/// What a client wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What the client can do, and which side band it wants.
    pub capabilities: Vec<String>,
    /// The commits that it wants, with all that belongs to them.
    pub wants: Vec<ObjectId>,
    /// Commits whose parents it hasn't.
    pub shallow: Vec<ObjectId>,
    /// How many commits of each branch it wants; `None` for all.
    pub depth: Option<u32>,
    /// Commits that it has.
    pub haves: Vec<ObjectId>,
    /// Nothing more to say: the pack, please.
    pub done: bool,
}

/// A request that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A line that means nothing here.
    #[error("expected `want`, `shallow`, `deepen`, `have` or `done`, found `{0}`")]
    Line(String),
    /// It never ends.
    #[error("more than {MOST_IDS} ids")]
    TooMany,
}

impl Request {
    /// Whether the client can do this.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// The request's content.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, want) in self.wants.iter().enumerate() {
            let capabilities = if index == 0 { format!(" {}", self.capabilities.join(" ")) } else { String::new() };
            pkt_line::write(&mut out, format!("want {want}{}\n", capabilities.trim_end()).as_bytes());
        }
        for id in &self.shallow {
            pkt_line::write(&mut out, format!("shallow {id}\n").as_bytes());
        }
        if let Some(depth) = self.depth {
            pkt_line::write(&mut out, format!("deepen {depth}\n").as_bytes());
        }
        pkt_line::flush(&mut out);
        for have in &self.haves {
            pkt_line::write(&mut out, format!("have {have}\n").as_bytes());
        }
        if self.done {
            pkt_line::write(&mut out, b"done\n");
        } else if !self.haves.is_empty() {
            pkt_line::flush(&mut out);
        }
        out
    }

    /// Reads a request's content.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(content: &[u8]) -> Result<Self, RequestError> {
        let mut request = Self::default();
        for packet in Lines::new(content) {
            let Some(line) = packet?.line() else { continue };
            let wrong = || RequestError::Line(excerpt(line));
            let text = std::str::from_utf8(line).map_err(|_| wrong())?;
            let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
            let (id, capabilities) = rest.split_once(' ').unwrap_or((rest, ""));
            match word {
                "want" => {
                    if request.wants.is_empty() {
                        request.capabilities = capabilities.split(' ').map(str::to_owned).collect();
                    }
                    request.wants.push(id.parse().map_err(|_| wrong())?);
                }
                "have" => request.haves.push(id.parse().map_err(|_| wrong())?),
                "shallow" => request.shallow.push(id.parse().map_err(|_| wrong())?),
                "deepen" => request.depth = Some(id.parse().map_err(|_| wrong())?).filter(|depth| *depth > 0),
                "done" => request.done = true,
                _ => return Err(wrong()),
            }
            if request.wants.len().max(request.haves.len()).max(request.shallow.len()) > MOST_IDS {
                return Err(RequestError::TooMany);
            }
        }
        Ok(request)
    }
}

/// What a server answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Commits whose parents aren't sent.
    pub shallow: Vec<ObjectId>,
    /// The pack, in pieces.
    pub pack: Vec<&'a [u8]>,
    /// The server's words for people.
    pub progress: String,
}

/// An answer that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The pack isn't in side bands.
    #[error(transparent)]
    Band(#[from] BandError),
    /// A line that can't be here.
    #[error("expected `NAK` or `ACK`, found `{0}`")]
    Line(String),
    /// The server gives up, in its own words.
    #[error("the server says: {0}")]
    Refused(String),
    /// It ends before its end.
    #[error("the answer ends before its end")]
    Cut,
}

impl<'a> Answer<'a> {
    /// Reads the answer to a request that was `done` and wanted `side-band-64k`; `deepened` where it had a depth.
    ///
    /// # Errors
    /// It is something else; the error says what was found.
    pub fn read(content: &'a [u8], deepened: bool) -> Result<Self, AnswerError> {
        let mut answer = Self::default();
        let mut lines = Lines::new(content);
        if deepened {
            while let Some(line) = lines.next().ok_or(AnswerError::Cut)??.line() {
                answer.take_shallow(line)?;
            }
        }
        // One line that says what is in common: nothing, as no commit was offered.
        let line = lines.next().ok_or(AnswerError::Cut)??.line().unwrap_or_default();
        if let Some(words) = line.strip_prefix(b"ERR ") {
            return Err(AnswerError::Refused(excerpt(words)));
        }
        if line != b"NAK" && !line.starts_with(b"ACK ") {
            return Err(AnswerError::Line(excerpt(line)));
        }
        for packet in lines {
            match side_band::read(&packet?)? {
                Band::Content(piece) => answer.pack.push(piece),
                Band::Progress(words) => add_words(&mut answer.progress, words),
                Band::Error(words) => return Err(AnswerError::Refused(excerpt(words))),
                Band::End => return Ok(answer),
            }
        }
        Err(AnswerError::Cut)
    }

    fn take_shallow(&mut self, line: &[u8]) -> Result<(), AnswerError> {
        let wrong = || AnswerError::Line(excerpt(line));
        if let Some(words) = line.strip_prefix(b"ERR ") {
            return Err(AnswerError::Refused(excerpt(words)));
        }
        match line.split(|&byte| byte == b' ').collect::<Vec<_>>()[..] {
            [b"shallow", id] => self.shallow.push(ObjectId::from_hex(id).map_err(|_| wrong())?),
            [b"unshallow", _] => {}
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

/// Adds words for people, up to a bound.
pub(crate) fn add_words(words: &mut String, more: &[u8]) {
    let left = MOST_WORDS.saturating_sub(words.len());
    words.push_str(&String::from_utf8_lossy(&more[..more.len().min(left)]));
}

/// The line before the pack: what client and server have in common.
pub fn write_common(out: &mut Vec<u8>, common: Option<ObjectId>) {
    match common {
        Some(id) => pkt_line::write(out, format!("ACK {id}\n").as_bytes()),
        None => pkt_line::write(out, b"NAK\n"),
    }
}

/// The answer to a request that isn't done yet: which of its commits are known, and whether they are enough.
pub fn write_negotiation(out: &mut Vec<u8>, common: &[ObjectId]) {
    for id in common {
        pkt_line::write(out, format!("ACK {id} common\n").as_bytes());
    }
    if let Some(last) = common.last() {
        pkt_line::write(out, format!("ACK {last} ready\n").as_bytes());
    }
    pkt_line::write(out, b"NAK\n");
}

/// The section that tells of commits whose parents aren't sent.
pub fn write_shallow(out: &mut Vec<u8>, shallow: &[ObjectId], unshallow: &[ObjectId]) {
    for id in shallow {
        pkt_line::write(out, format!("shallow {id}\n").as_bytes());
    }
    for id in unshallow {
        pkt_line::write(out, format!("unshallow {id}\n").as_bytes());
    }
    pkt_line::flush(out);
}

/// Tells that nothing will come, and why.
pub fn write_error(out: &mut Vec<u8>, words: &str) {
    pkt_line::write(out, format!("ERR {words}").as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::Object;

    fn ids(count: usize) -> Vec<ObjectId> {
        (0..count).map(|number| Object::blob(number.to_string()).id()).collect()
    }

    #[test]
    fn what_a_client_says_is_read() {
        for (depth, haves, done) in [(None, 0, true), (Some(1), 2, true), (None, 3, false)] {
            let request = Request {
                capabilities: vec!["side-band-64k".to_owned(), "agent=x".to_owned()],
                wants: ids(2),
                shallow: ids(1),
                depth,
                haves: ids(haves),
                done,
            };
            assert_eq!(Request::read(&request.write()), Ok(request));
        }
    }

    #[test]
    fn what_a_server_says_is_read() {
        let mut content = Vec::new();
        write_shallow(&mut content, &ids(2), &[]);
        write_common(&mut content, None);
        side_band::write_progress(&mut content, "Counting\n");
        side_band::write(&mut content, b"PACK");
        pkt_line::flush(&mut content);
        let answer = Answer::read(&content, true).unwrap();
        assert_eq!((answer.shallow, answer.progress.as_str()), (ids(2), "Counting\n"));
        assert_eq!(answer.pack, [b"PACK"]);
        assert!(matches!(Answer::read(&content, false), Err(AnswerError::Line(_))));
        assert_eq!(Answer::read(&content[..content.len() - 4], true), Err(AnswerError::Cut));
    }

    #[test]
    fn what_a_server_says_instead() {
        for (content, words) in [
            (&b""[..], "the answer ends before its end"),
            (b"<html>", "expected a packet line, found `<html>`"),
            (b"0013ERR not our ref", "the server says: not our ref"),
            (b"0008NAK\n0006\x03x0000", "the server says: x"),
            (b"0008NAK\n0009PACK\0", "a packet line begins with byte 80"),
        ] {
            let error = Answer::read(content, false).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), deepened: bool) {
            let _ = Request::read(&bytes);
            let _ = Answer::read(&bytes, deepened);
        }
    }
}
