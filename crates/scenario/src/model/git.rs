//! What is done with a repository.

use super::request::BasicAuth;
use crate::span::Spanned;
use crate::template::Template;

/// Something that is done with a repository over HTTP, as git does it.
#[derive(Debug, Clone)]
pub struct Git {
    /// The repository: a path, relative to the base URL, or an absolute `http` or `https` URL.
    pub url: Spanned<Template>,
    /// Credentials for `Authorization: Basic` (RFC 7617).
    pub basic_auth: Option<BasicAuth>,
    /// The branch; without one the one that the server's `HEAD` points to.
    pub branch: Option<Spanned<Template>>,
    /// What is done.
    pub action: GitAction,
}

/// What is done with a repository.
#[derive(Debug, Clone)]
pub enum GitAction {
    /// Fetch a branch, with all that belongs to it.
    Clone {
        /// How many commits; `None` for all.
        depth: Option<u32>,
    },
    /// Commit files, and send the commit to a branch.
    Push(GitPush),
}

/// What is pushed.
#[derive(Debug, Clone)]
pub struct GitPush {
    /// Files by their paths, each with its text.
    pub files: Vec<(Spanned<String>, Spanned<Template>)>,
    /// The size of one more file of bytes that can't be packed, in bytes.
    pub size: Option<Spanned<u64>>,
    /// The commit's message.
    pub message: Option<Spanned<Template>>,
    /// When the journey ends, the branch is set back to what it was, or deleted where it wasn't there.
    pub undo: bool,
}

/// The name of the file of which [`GitPush::size`] is the size.
pub const GENERATED_FILE: &str = "generated.bin";

/// What of a repository.
#[derive(Debug, Clone)]
pub enum GitAspect {
    /// The id of the branch's newest commit.
    Commit,
    /// That commit's message.
    Message,
    /// The branch that the server's `HEAD` points to.
    Head,
    /// The id of the newest commit of a branch that the server has.
    Branch(Spanned<Template>),
    /// The text of a file of the branch, by its path.
    File(Spanned<Template>),
}

/// What of a repository can be captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitFact {
    /// The id of the branch's newest commit.
    Commit,
    /// The branch that the server's `HEAD` points to.
    Head,
}

impl GitFact {
    /// All of them, by the words that name them in scenarios.
    pub const ALL: &'static [(&'static str, GitFact)] = &[("commit", GitFact::Commit), ("head", GitFact::Head)];
}
