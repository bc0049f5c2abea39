//! One repository's objects and branches.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use git_wire::object::{Commit, File, Kind, Mode, Object, ObjectId, Signature, Tree};
use git_wire::reach;
use git_wire::receive_pack::{Command, Report};
use git_wire::reference::{is_branch, is_name};

/// Why a file isn't committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// There is no such branch, or there can't be.
    NoBranch,
    /// No file can be there.
    BadPath,
}

/// Objects, and the names that point to them.
#[derive(Debug, Clone)]
pub(super) struct Contents {
    objects: HashMap<ObjectId, Arc<Object>>,
    /// Full names (`refs/heads/main`).
    references: BTreeMap<String, ObjectId>,
    default_branch: String,
}

impl Contents {
    pub(super) fn new(default_branch: &str) -> Self {
        Self { objects: HashMap::new(), references: BTreeMap::new(), default_branch: default_branch.to_owned() }
    }

    pub(super) fn default_branch(&self) -> &str {
        &self.default_branch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.references.is_empty()
    }

    /// Branches and tags by their full names.
    pub(super) fn references(&self) -> impl Iterator<Item = (&str, ObjectId)> {
        self.references.iter().map(|(name, id)| (name.as_str(), *id))
    }

    pub(super) fn branches(&self) -> impl Iterator<Item = (&str, ObjectId)> {
        self.references.iter().filter_map(|(name, id)| Some((name.strip_prefix("refs/heads/")?, *id)))
    }

    pub(super) fn branch(&self, branch: &str) -> Option<ObjectId> {
        self.references.get(&format!("refs/heads/{branch}")).copied()
    }

    /// The commit that a branch's or a tag's name, or a commit's id, stands for: in this order, as in Gitea.
    pub(super) fn at(&self, reference: &str) -> Option<ObjectId> {
        let named = self.branch(reference).or_else(|| self.references.get(&format!("refs/tags/{reference}")).copied());
        named.or_else(|| reference.parse().ok()).filter(|id| self.commit(*id).is_some())
    }

    pub(super) fn object(&self, id: ObjectId) -> Option<&Arc<Object>> {
        self.objects.get(&id)
    }

    pub(super) fn commit(&self, id: ObjectId) -> Option<Commit> {
        let object = self.object(id).filter(|object| object.kind == Kind::Commit)?;
        Commit::parse(&object.data).ok()
    }

    pub(super) fn tree(&self, id: ObjectId) -> Option<Tree> {
        let object = self.object(id).filter(|object| object.kind == Kind::Tree)?;
        Tree::parse(&object.data).ok()
    }

    /// A file's content where a branch, a tag or a commit's id points.
    pub(super) fn file(&self, reference: &str, path: &str) -> Option<&[u8]> {
        let mut id = self.commit(self.at(reference)?)?.tree;
        let mut segments = path.split('/').peekable();
        while let Some(segment) = segments.next() {
            let entry = self.tree(id)?.get(segment.as_bytes()).cloned()?;
            if (entry.mode == Mode::Folder) != segments.peek().is_some() {
                return None;
            }
            id = entry.id;
        }
        let object = self.object(id).filter(|object| object.kind == Kind::Blob)?;
        Some(&object.data)
    }

    /// Makes a branch point to a commit.
    pub(super) fn point(&mut self, branch: &str, id: ObjectId) {
        self.references.insert(format!("refs/heads/{branch}"), id);
    }

    /// Removes a branch's name.
    pub(super) fn remove_branch(&mut self, branch: &str) -> Option<ObjectId> {
        self.references.remove(&format!("refs/heads/{branch}"))
    }

    /// What is in the folder at this path; the empty path is the top.
    pub(super) fn folder(&self, reference: &str, path: &str) -> Option<Tree> {
        let top = self.commit(self.at(reference)?)?.tree;
        path.split('/').filter(|segment| !segment.is_empty()).try_fold(self.tree(top)?, |tree, segment| {
            let entry = tree.get(segment.as_bytes())?;
            if entry.mode == Mode::Folder { self.tree(entry.id) } else { None }
        })
    }

    /// Keeps an object.
    pub(super) fn put(&mut self, object: Object) -> ObjectId {
        let id = object.id();
        self.objects.entry(id).or_insert_with(|| Arc::new(object));
        id
    }

    /// Commits a file to a branch, which comes to be where it isn't there.
    pub(super) fn commit_file(
        &mut self,
        branch: &str,
        path: &str,
        content: &[u8],
        message: &str,
        who: &Signature,
    ) -> Result<ObjectId, FileError> {
        if !is_branch(branch) {
            return Err(FileError::NoBranch);
        }
        let parent = self.branch(branch);
        let top = parent.and_then(|id| self.commit(id)).map(|commit| commit.tree);
        let blob = self.put(Object::blob(content));
        let mut made = Vec::new();
        let tree = File { path, blob }.put(top, &|id| self.tree(id), &mut |object| made.push(object));
        let tree = tree.map_err(|_| FileError::BadPath)?;
        made.into_iter().for_each(|object| {
            self.put(object);
        });
        let commit = Commit {
            tree,
            parents: parent.into_iter().collect(),
            author: who.clone(),
            committer: who.clone(),
            message: message.to_owned(),
        };
        let id = self.put(commit.to_object());
        self.references.insert(format!("refs/heads/{branch}"), id);
        Ok(id)
    }

    /// Carries a push out: each change by itself, as git does without `atomic`. Gives the report, and what was changed.
    pub(super) fn receive(
        &mut self,
        commands: &[Command],
        objects: Vec<(ObjectId, Object)>,
        most_kept: u64,
    ) -> (Report, Vec<Command>) {
        let size = |object: &Object| object.data.len() as u64;
        let kept: u64 = self.objects.values().map(|object| size(object)).sum();
        if kept + objects.iter().map(|(_, object)| size(object)).sum::<u64>() > most_kept {
            let references = commands.iter().map(|command| (command.name.clone(), Err("unpacker error".to_owned())));
            let why = format!("the repository would hold more than {most_kept} bytes");
            return (Report { unpack: Err(why), references: references.collect() }, Vec::new());
        }
        let new: HashMap<ObjectId, Arc<Object>> =
            objects.into_iter().map(|(id, object)| (id, Arc::new(object))).collect();
        let mut report = Report { unpack: Ok(()), references: Vec::new() };
        let mut done = Vec::new();
        for command in commands {
            let outcome = self.change(command, &new);
            if outcome.is_ok() {
                done.push(command.clone());
            }
            report.references.push((command.name.clone(), outcome.map_err(str::to_owned)));
        }
        if done.iter().any(|command| command.old != ObjectId::NONE) {
            self.forget_unreachable();
        }
        (report, done)
    }

    /// Changes one branch or tag, or says why not, in git's own words.
    fn change(&mut self, command: &Command, new: &HashMap<ObjectId, Arc<Object>>) -> Result<(), &'static str> {
        let Command { old, new: wanted, name } = command;
        if !name.starts_with("refs/") || !is_name(name) || name.matches('/').count() < 2 {
            return Err("funny refname");
        }
        let now = self.references.get(name).copied().unwrap_or(ObjectId::NONE);
        if now != *old {
            return Err(if *old == ObjectId::NONE { "reference already exists" } else { "failed to update ref" });
        }
        if *wanted == ObjectId::NONE {
            if name.strip_prefix("refs/heads/") == Some(&self.default_branch) {
                return Err("pre-receive hook declined");
            }
            self.references.remove(name);
            return Ok(());
        }
        // Everything that is here is whole, so only what is new has to be looked at.
        let known: HashSet<ObjectId> = self.objects.keys().copied().collect();
        let reached = reach::all([*wanted], &known, &HashSet::new(), |id| new.get(&id).cloned());
        let Ok(reached) = reached else { return Err("missing necessary objects") };
        let find = |id| new.get(&id).or_else(|| self.objects.get(&id));
        if name.starts_with("refs/heads/") && find(*wanted).is_none_or(|object| object.kind != Kind::Commit) {
            return Err("failed to update ref");
        }
        let reached: Vec<_> = reached.into_iter().filter_map(|id| Some((id, new.get(&id)?.clone()))).collect();
        self.objects.extend(reached);
        self.references.insert(name.clone(), *wanted);
        Ok(())
    }

    /// Forgets what belongs to no branch or tag any more.
    fn forget_unreachable(&mut self) {
        let find = |id: ObjectId| self.objects.get(&id).cloned();
        let starts: Vec<ObjectId> = self.references.values().copied().collect();
        if let Ok(reached) = reach::all(starts, &HashSet::new(), &HashSet::new(), find) {
            let reached: HashSet<ObjectId> = reached.into_iter().collect();
            self.objects.retain(|id, _| reached.contains(id));
        }
    }
}
