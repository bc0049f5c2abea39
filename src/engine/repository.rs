//! A repository as a step saw it: what expectations and captures look at.

use std::collections::HashMap;

use git_wire::advertisement::Advertisement;
use git_wire::object::{Commit, Kind, Mode, Object, ObjectId, Tree};
use scenario::predicate::Found;
use verdict::evidence::GitRecord;

/// What a step fetched or pushed.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// What the server says it has, after the step.
    pub advertised: Advertisement,
    /// The branch's newest commit; `None` where nothing was ever committed.
    pub commit: Option<ObjectId>,
    /// The objects at hand: all of a clone's; of a push those of the commit, but for a generated file.
    pub objects: HashMap<ObjectId, Object>,
    /// The size of the pack, in bytes.
    pub pack_bytes: u64,
    /// What the server said to whoever pushed or fetched.
    pub said: String,
}

impl Repository {
    /// What was seen of it. Secrets may still be in there.
    pub fn record(&self) -> GitRecord {
        GitRecord {
            head: self.head().map(str::to_owned),
            branches: self.advertised.branches().count(),
            commit: self.commit.map(|id| id.to_string()),
            pack_bytes: self.pack_bytes,
            said: Some(self.said.trim()).filter(|said| !said.is_empty()).map(str::to_owned),
        }
    }

    /// The branch that the server's `HEAD` points to.
    pub fn head(&self) -> Option<&str> {
        if let Some(name) = self.advertised.head_name() {
            return name.strip_prefix("refs/heads/");
        }
        // Old servers don't say: the branch with the same commit, as git guesses.
        let head = self.advertised.get("HEAD")?;
        self.advertised.branches().find(|(_, id)| *id == head).map(|(name, _)| name)
    }

    /// The newest commit of a branch that the server has.
    pub fn branch(&self, name: &str) -> Option<ObjectId> {
        self.advertised.get(&format!("refs/heads/{name}"))
    }

    /// The branch's newest commit.
    pub fn newest(&self) -> Option<Commit> {
        let object = self.objects.get(&self.commit?).filter(|object| object.kind == Kind::Commit)?;
        Commit::parse(&object.data).ok()
    }

    /// A tree.
    pub fn tree(&self, id: ObjectId) -> Option<Tree> {
        let object = self.objects.get(&id).filter(|object| object.kind == Kind::Tree)?;
        Tree::parse(&object.data).ok()
    }

    /// The text of a file of the branch; bytes that aren't UTF-8 are replaced.
    pub fn file(&self, path: &str) -> Found {
        let mut segments = path.split('/').peekable();
        let Some(mut id) = self.newest().map(|commit| commit.tree) else { return Found::Absent };
        while let Some(segment) = segments.next() {
            let entry = self.tree(id).and_then(|tree| tree.get(segment.as_bytes()).cloned());
            let is_folder = segments.peek().is_some();
            match entry {
                Some(entry) if (entry.mode == Mode::Folder) == is_folder => id = entry.id,
                _ => return Found::Absent,
            }
        }
        match self.objects.get(&id) {
            Some(object) => Found::Text(String::from_utf8_lossy(&object.data).into_owned()),
            None => Found::Absent,
        }
    }

    /// The names at the branch's top, for people.
    pub fn names(&self) -> Vec<String> {
        let tree = self.newest().and_then(|commit| self.tree(commit.tree)).unwrap_or_default();
        tree.entries
            .iter()
            .map(|entry| {
                let slash = if entry.mode == Mode::Folder { "/" } else { "" };
                format!("{}{slash}", String::from_utf8_lossy(&entry.name))
            })
            .collect()
    }
}
