//! What a server says it has: the answer to `GET …/info/refs?service=…`.

use crate::Service;
use crate::object::ObjectId;
use crate::pkt_line::{self, Lines, Packet, PacketError};

/// The most references that are read; more is a server that never ends.
pub const MOST_REFERENCES: usize = 100_000;

/// A name and what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The full name (`refs/heads/main`), or `HEAD`.
    pub name: String,
    /// The object.
    pub id: ObjectId,
}

/// What a server says it has, and can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advertisement {
    /// Names, in the server's order. Of an annotated tag only the tag, without the commit that it names.
    pub references: Vec<Reference>,
    /// What the server can do (`side-band-64k`, `agent=…`).
    pub capabilities: Vec<String>,
}

/// An advertisement that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdvertisementError {
    /// It isn't in packet lines.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// It begins otherwise.
    #[error("expected `# service={expected}` first, found `{found}`")]
    Service {
        /// The service that was asked for.
        expected: &'static str,
        /// The first line.
        found: String,
    },
    /// A line that isn't one of a reference.
    #[error("expected a reference with its id, found `{0}`")]
    Line(String),
    /// The server refuses, in its own words.
    #[error("the server says: {0}")]
    Refused(String),
    /// It ends before its end.
    #[error("the list of references has no end")]
    Cut,
    /// It has too many references.
    #[error("there are more than {MOST_REFERENCES} references")]
    TooMany,
}

impl Advertisement {
    /// What `HEAD` points to, by name, where the server says so (`refs/heads/main`).
    pub fn head_name(&self) -> Option<&str> {
        self.capabilities.iter().find_map(|capability| capability.strip_prefix("symref=HEAD:"))
    }

    /// The object that a full name points to.
    pub fn get(&self, name: &str) -> Option<ObjectId> {
        self.references.iter().find(|reference| reference.name == name).map(|reference| reference.id)
    }

    /// Branches by their short names.
    pub fn branches(&self) -> impl Iterator<Item = (&str, ObjectId)> {
        self.references.iter().filter_map(|reference| Some((reference.name.strip_prefix("refs/heads/")?, reference.id)))
    }

    /// Whether the server can do this.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// The answer's content.
    pub fn write(&self, service: Service) -> Vec<u8> {
        let mut out = Vec::new();
        pkt_line::write(&mut out, format!("# service={}\n", service.as_str()).as_bytes());
        pkt_line::flush(&mut out);
        let capabilities = self.capabilities.join(" ");
        let mut lines = self.references.iter();
        match (lines.next(), service) {
            (Some(first), _) => {
                pkt_line::write(&mut out, format!("{} {}\0{capabilities}\n", first.id, first.name).as_bytes());
            }
            // Who wants to push into nothing has to learn what the server can do.
            (None, Service::ReceivePack) => {
                pkt_line::write(&mut out, format!("{} capabilities^{{}}\0{capabilities}\n", ObjectId::NONE).as_bytes());
            }
            (None, Service::UploadPack) => {}
        }
        for Reference { id, name } in lines {
            pkt_line::write(&mut out, format!("{id} {name}\n").as_bytes());
        }
        pkt_line::flush(&mut out);
        out
    }

    /// Reads an answer's content.
    ///
    /// # Errors
    /// It is something else; the error says what was found.
    pub fn read(service: Service, content: &[u8]) -> Result<Self, AdvertisementError> {
        let mut lines = Lines::new(content);
        let expected = service.as_str();
        let first = lines.next().transpose()?.and_then(Packet::line).unwrap_or_default();
        if let Some(words) = first.strip_prefix(b"ERR ") {
            return Err(AdvertisementError::Refused(pkt_line::excerpt(words)));
        }
        if first.strip_prefix(b"# service=") != Some(expected.as_bytes()) {
            return Err(AdvertisementError::Service { expected, found: pkt_line::excerpt(first) });
        }
        if lines.next().transpose()? != Some(Packet::Flush) {
            return Err(AdvertisementError::Cut);
        }
        let mut advertisement = Self::default();
        let mut is_first = true;
        for packet in lines {
            let Some(line) = packet?.line() else { return Ok(advertisement) };
            if let Some(words) = line.strip_prefix(b"ERR ") {
                return Err(AdvertisementError::Refused(pkt_line::excerpt(words)));
            }
            advertisement.take(line, is_first)?;
            is_first = false;
        }
        Err(AdvertisementError::Cut)
    }

    fn take(&mut self, line: &[u8], is_first: bool) -> Result<(), AdvertisementError> {
        let wrong = || AdvertisementError::Line(pkt_line::excerpt(line));
        let text = std::str::from_utf8(line).map_err(|_| wrong())?;
        let (reference, capabilities) = text.split_once('\0').unwrap_or((text, ""));
        if is_first {
            self.capabilities = capabilities.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        let (id, name) = reference.split_once(' ').ok_or_else(wrong)?;
        let id = id.parse().map_err(|_| wrong())?;
        if name == "capabilities^{}" || name.ends_with("^{}") {
            return Ok(());
        }
        if self.references.len() == MOST_REFERENCES {
            return Err(AdvertisementError::TooMany);
        }
        self.references.push(Reference { name: name.to_owned(), id });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::Object;

    fn some() -> Advertisement {
        let reference = |name: &str| Reference { name: name.to_owned(), id: Object::blob(name).id() };
        Advertisement {
            references: vec![reference("HEAD"), reference("refs/heads/main"), reference("refs/tags/v1")],
            capabilities: vec!["side-band-64k".to_owned(), "symref=HEAD:refs/heads/main".to_owned()],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let read = Advertisement::read(Service::UploadPack, &some().write(Service::UploadPack)).unwrap();
        assert_eq!(read, some());
        assert_eq!(
            (read.head_name(), read.can("side-band-64k"), read.can("side-band")),
            (Some("refs/heads/main"), true, false)
        );
        assert_eq!(read.branches().map(|(name, _)| name).collect::<Vec<_>>(), ["main"]);
    }

    #[test]
    fn an_empty_repository() {
        let empty = Advertisement { references: Vec::new(), ..some() };
        // What git 2.39 says of one, under Gitea 1.26.
        assert_eq!(empty.write(Service::UploadPack), b"001e# service=git-upload-pack\n00000000");
        let read = Advertisement::read(Service::ReceivePack, &empty.write(Service::ReceivePack)).unwrap();
        assert_eq!(read, empty);
    }

    #[test]
    fn what_git_2_39_says_under_gitea() {
        let id = "0a31b99e4f39826e75b6cccab0d39f9dcb2d7463";
        let line = format!("{id} refs/heads/main\0report-status delete-refs agent=git/2.39.5\n");
        let mut content = b"001f# service=git-receive-pack\n0000".to_vec();
        pkt_line::write(&mut content, line.as_bytes());
        pkt_line::write(&mut content, format!("{id} refs/tags/v1^{{}}\n").as_bytes());
        pkt_line::flush(&mut content);
        let read = Advertisement::read(Service::ReceivePack, &content).unwrap();
        assert_eq!(read.references.len(), 1);
        assert_eq!(read.get("refs/heads/main").unwrap().to_string(), id);
        assert!(read.can("delete-refs"));
    }

    #[test]
    fn other_answers_are_told_apart() {
        for (content, words) in [
            (&b""[..], "expected `# service=git-upload-pack` first, found ``"),
            (b"<!DOCTYPE html>", "expected a packet line, found `<!DOCTYPE html>`"),
            (b"001f# service=git-receive-pack\n0000", "found `# service=git-receive-pack`"),
            (b"001e# service=git-upload-pack\n", "the list of references has no end"),
            (b"001e# service=git-upload-pack\n0000", "the list of references has no end"),
            (b"001e# service=git-upload-pack\n0000000ahello\n0000", "expected a reference with its id, found `hello`"),
            (b"0010ERR go away\n", "the server says: go away"),
        ] {
            let error = Advertisement::read(Service::UploadPack, content).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut content = b"001e# service=git-upload-pack\n0000".to_vec();
            content.extend_from_slice(&bytes);
            let _ = Advertisement::read(Service::UploadPack, &content);
            let _ = Advertisement::read(Service::UploadPack, &bytes);
        }
    }
}
