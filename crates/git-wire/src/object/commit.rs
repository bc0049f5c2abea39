//! Commits.

use super::{Kind, Object, ObjectId};

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Seconds since 1970 began, UTC.
    pub time: u64,
}

impl Signature {
    /// In UTC. What would end the field early is left out.
    fn write(&self) -> String {
        let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "");
        format!("{} <{}> {} +0000", clean(&self.name), clean(&self.email), self.time)
    }

    fn read(text: &str) -> Option<Self> {
        let (who, when) = text.rsplit_once("> ")?;
        let (name, email) = who.split_once('<')?;
        let time = when.split(' ').next()?.parse().ok()?;
        Some(Self { name: name.trim_end().to_owned(), email: email.to_owned(), time })
    }
}

/// A snapshot with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The folder at the top.
    pub tree: ObjectId,
    /// What came before; none for the first.
    pub parents: Vec<ObjectId>,
    /// Who wrote the change.
    pub author: Signature,
    /// Who made the commit.
    pub committer: Signature,
    /// Why.
    pub message: String,
}

/// A commit that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the commit has no usable `{0}` where one must be")]
pub struct CommitError(&'static str);

impl Commit {
    /// Reads a commit's content. Fields that aren't known, such as a signature, are passed over.
    ///
    /// # Errors
    /// A field is missing, or isn't what it should be.
    pub fn parse(data: &[u8]) -> Result<Self, CommitError> {
        let text = String::from_utf8_lossy(data);
        let (head, message) = text.split_once("\n\n").unwrap_or((text.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let tree = lines.next().and_then(|line| line.strip_prefix("tree ")?.parse().ok()).ok_or(CommitError("tree"))?;
        let mut commit = (Vec::new(), None, None);
        for line in lines {
            match line.split_once(' ') {
                Some(("parent", id)) => commit.0.push(id.parse().map_err(|_| CommitError("parent"))?),
                Some(("author", who)) => commit.1 = Signature::read(who),
                Some(("committer", who)) => commit.2 = Signature::read(who),
                _ => {}
            }
        }
        Ok(Self {
            tree,
            parents: commit.0,
            author: commit.1.ok_or(CommitError("author"))?,
            committer: commit.2.ok_or(CommitError("committer"))?,
            message: message.to_owned(),
        })
    }

    /// The object.
    pub fn to_object(&self) -> Object {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            text += &format!("parent {parent}\n");
        }
        text.push_str(&format!("author {}\ncommitter {}\n\n", self.author.write(), self.committer.write()));
        text.push_str(&self.message.replace('\0', ""));
        if !self.message.ends_with('\n') {
            text.push('\n');
        }
        Object { kind: Kind::Commit, data: text.into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signature() -> Signature {
        Signature { name: "Ann Smith".to_owned(), email: "ann@edge.test".to_owned(), time: 1_700_000_000 }
    }

    #[test]
    fn what_is_written_is_read() {
        let blob = Object::blob("x").id();
        let commit = Commit {
            tree: blob,
            parents: vec![blob, ObjectId::NONE],
            author: signature(),
            committer: signature(),
            message: "Subject\n\nBody\n".to_owned(),
        };
        assert_eq!(Commit::parse(&commit.to_object().data), Ok(commit));
    }

    #[test]
    fn the_id_is_the_one_that_git_gives() {
        // GIT_AUTHOR_DATE=… git commit-tree 4b825dc6… -m Begin
        let commit = Commit {
            tree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap(),
            parents: Vec::new(),
            author: signature(),
            committer: signature(),
            message: "Begin".to_owned(),
        };
        assert_eq!(commit.to_object().id().to_string(), "6469a029aa2a8c6ababdf08e18e655093e3ed632");
    }

    #[test]
    fn broken_commits_say_what_is_missing() {
        let tree = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
        for (text, missing) in [
            (String::new(), "tree"),
            ("tree x\n".to_owned(), "tree"),
            (tree.to_owned(), "author"),
            (format!("{tree}parent 4b\n"), "parent"),
            (format!("{tree}author A <a@b> 1 +0000\ncommitter nobody\n\n"), "committer"),
        ] {
            assert_eq!(Commit::parse(text.as_bytes()), Err(CommitError(missing)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Commit::parse(&data);
        }
    }
}
