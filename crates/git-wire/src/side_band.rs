//! Side bands: content, progress and errors in one stream of packet lines.

use crate::pkt_line::{self, Packet, PacketError};

/// The most that one packet line carries besides the band's number, in bytes (`side-band-64k`).
const MOST_DATA: usize = pkt_line::MOST_DATA - 1;

/// What a packet line carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band<'a> {
    /// The content.
    Content(&'a [u8]),
    /// Words for people (`remote: …`).
    Progress(&'a [u8]),
    /// Why the server gives up.
    Error(&'a [u8]),
    /// The end.
    End,
}

/// A stream that isn't in side bands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BandError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A packet line begins with another number.
    #[error("a packet line begins with byte {0}, where a side band begins with 1, 2 or 3")]
    Number(u8),
    /// A packet line is empty.
    #[error("a packet line of a side band is empty")]
    Empty,
}

/// What a packet line carries.
///
/// # Errors
/// It has no band's number.
pub fn read<'a>(packet: &Packet<'a>) -> Result<Band<'a>, BandError> {
    match packet {
        Packet::Flush => Ok(Band::End),
        Packet::Data(data) => match data.split_first() {
            Some((1, content)) => Ok(Band::Content(content)),
            Some((2, words)) => Ok(Band::Progress(words)),
            Some((3, words)) => Ok(Band::Error(words)),
            Some((&number, _)) => Err(BandError::Number(number)),
            None => Err(BandError::Empty),
        },
    }
}

/// Adds content in as many packet lines as it needs.
pub fn write(out: &mut Vec<u8>, content: &[u8]) {
    for piece in content.chunks(MOST_DATA) {
        out.extend_from_slice(format!("{:04x}", piece.len() + 5).as_bytes());
        out.push(1);
        out.extend_from_slice(piece);
    }
}

/// Adds words for people.
pub fn write_progress(out: &mut Vec<u8>, words: &str) {
    let mut data = vec![2];
    data.extend_from_slice(words.as_bytes());
    pkt_line::write(out, &data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::Lines;

    #[test]
    fn content_comes_back_whole_however_long() {
        for length in [0, 1, MOST_DATA, MOST_DATA + 1, 200_000] {
            let content = vec![7; length];
            let mut bytes = Vec::new();
            write(&mut bytes, &content);
            write_progress(&mut bytes, "done\n");
            let mut read_back = Vec::new();
            for packet in Lines::new(&bytes) {
                match read(&packet.unwrap()).unwrap() {
                    Band::Content(piece) => read_back.extend_from_slice(piece),
                    band => assert_eq!(band, Band::Progress(b"done\n")),
                }
            }
            assert!(read_back == content, "{length}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        assert_eq!(read(&Packet::Data(b"NAK\n")), Err(BandError::Number(b'N')));
        assert_eq!(read(&Packet::Data(b"")), Err(BandError::Empty));
        assert_eq!(read(&Packet::Data(b"\x03no")), Ok(Band::Error(b"no")));
    }
}
