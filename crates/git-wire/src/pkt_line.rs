//! Packet lines: four hexadecimal digits of length, then that much, the digits included.

/// The most that one packet line carries, in bytes.
pub const MOST_DATA: usize = 65516;

/// One packet line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Some bytes.
    Data(&'a [u8]),
    /// The end of a section.
    Flush,
}

impl<'a> Packet<'a> {
    /// The bytes without the line feed that may be at their end; `None` for a flush.
    pub fn line(self) -> Option<&'a [u8]> {
        match self {
            Packet::Data(data) => Some(data.strip_suffix(b"\n").unwrap_or(data)),
            Packet::Flush => None,
        }
    }
}

/// What is no packet line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The length isn't four hexadecimal digits, or can't be.
    #[error("expected a packet line, found `{0}`")]
    Length(String),
    /// The bytes end within a packet line.
    #[error("the answer ends in the middle of a packet line")]
    Cut,
}

/// The first packet line of some bytes, with what follows it; `None` where more bytes are needed to tell.
///
/// # Errors
/// They don't begin with a packet line.
pub fn split(bytes: &[u8]) -> Result<Option<(Packet<'_>, &[u8])>, PacketError> {
    let head = &bytes[..bytes.len().min(4)];
    let wrong = || PacketError::Length(excerpt(bytes));
    // Told as early as possible: something else than git may answer with less than four bytes.
    if !head.iter().all(u8::is_ascii_hexdigit) {
        return Err(wrong());
    }
    if head.len() < 4 {
        return Ok(None);
    }
    let length = head.iter().fold(0, |length, digit| length << 4 | char::from(*digit).to_digit(16).unwrap_or_default());
    let length = usize::try_from(length).map_err(|_| wrong())?;
    match length {
        0 => Ok(Some((Packet::Flush, &bytes[4..]))),
        // 1 and 2 belong to protocol version 2, which isn't spoken here; 3 to nobody.
        1..=3 => Err(wrong()),
        _ if length > MOST_DATA + 4 => Err(wrong()),
        _ if bytes.len() < length => Ok(None),
        _ => Ok(Some((Packet::Data(&bytes[4..length]), &bytes[length..]))),
    }
}

/// Packet lines of bytes that are all there.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The packet lines of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What follows the packet lines that were read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Packet<'a>, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match split(self.rest) {
            Ok(Some((packet, rest))) => {
                self.rest = rest;
                Some(Ok(packet))
            }
            Ok(None) => {
                self.rest = &[];
                Some(Err(PacketError::Cut))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

/// Adds a packet line. What is longer than [`MOST_DATA`] becomes several.
pub fn write(out: &mut Vec<u8>, data: &[u8]) {
    for piece in data.chunks(MOST_DATA) {
        out.extend_from_slice(format!("{:04x}", piece.len() + 4).as_bytes());
        out.extend_from_slice(piece);
    }
}

/// Adds the end of a section.
pub fn flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

/// The beginning of what isn't understood, for people.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
    text.lines().next().unwrap_or_default().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_and_flushes() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"hello\n");
        flush(&mut bytes);
        write(&mut bytes, b"");
        bytes.extend_from_slice(b"0004");
        assert_eq!(bytes, b"000ahello\n00000004");
        let read: Vec<_> = Lines::new(&bytes).map(Result::unwrap).collect();
        assert_eq!(read, [Packet::Data(b"hello\n"), Packet::Flush, Packet::Data(b"")]);
        assert_eq!(read[0].line(), Some(&b"hello"[..]));
    }

    #[test]
    fn what_is_no_packet_line_is_shown() {
        for (bytes, found) in [
            (&b"<!DOCTYPE html>\n<html>"[..], "<!DOCTYPE html>"),
            (b"{}", "{}"),
            (b"0003", "0003"),
            (b"fff1", "fff1"),
            (b"00-1", "00-1"),
        ] {
            assert_eq!(split(bytes), Err(PacketError::Length(found.to_owned())));
        }
        assert_eq!(split(b"00"), Ok(None));
        assert_eq!(Lines::new(b"000ahel").collect::<Vec<_>>(), [Err(PacketError::Cut)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Lines::new(&bytes).count() <= bytes.len());
        }

        #[test]
        fn what_is_written_is_read(length in 1..200_000_usize) {
            let data: Vec<u8> = (0..length).map(|number| number.to_le_bytes()[0]).collect();
            let mut bytes = Vec::new();
            write(&mut bytes, &data);
            let read: Vec<u8> = Lines::new(&bytes)
                .flat_map(|packet| match packet.unwrap() { Packet::Data(data) => data.to_vec(), Packet::Flush => vec![] })
                .collect();
            prop_assert_eq!(read, data);
        }
    }
}
