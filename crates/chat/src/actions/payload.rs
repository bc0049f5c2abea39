//! What an action may say: one schema for each type, checked in full before anything is sent anywhere.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::repository::Repository;

/// The longest title, in characters; the forge keeps 255.
const LONGEST_TITLE: usize = 255;

/// The longest body, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// The longest name of a branch or a label.
const LONGEST_NAME: usize = 200;

/// How many labels an issue may be given.
const MOST_LABELS: usize = 16;

/// The types of actions. None of them deletes or overwrites anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Run a pipeline of the CI on a branch.
    CiRun,
    /// Create an issue.
    IssueCreate,
    /// Create a pull request.
    PrCreate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CiRun, Self::IssueCreate, Self::PrCreate];

    /// The name in markup and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::CiRun => "ci-run",
            Self::IssueCreate => "issue-create",
            Self::PrCreate => "pr-create",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A pipeline to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CiRun {
    /// The repository; without it the one that the chat is set up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repository>,
    /// The branch.
    pub branch: String,
}

/// An issue to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueCreate {
    /// The repository; without it the one that the chat is set up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repository>,
    /// Its title, one line.
    pub title: String,
    /// Its text, Markdown.
    pub body: String,
    /// Labels by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// A pull request to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrCreate {
    /// The repository; without it the one that the chat is set up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<Repository>,
    /// The branch with the changes.
    pub head: String,
    /// The branch that is to have them.
    pub base: String,
    /// Its title, one line.
    pub title: String,
    /// Its text, Markdown.
    pub body: String,
}

/// An action whose payload keeps to its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Action {
    /// Run a pipeline.
    CiRun(CiRun),
    /// Create an issue.
    IssueCreate(IssueCreate),
    /// Create a pull request.
    PrCreate(PrCreate),
}

/// What is wrong with one field of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field; empty for the payload as a whole.
    pub field: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => formatter.write_str(&self.expected),
            field => write!(formatter, "{field}: {}", self.expected),
        }
    }
}

impl Action {
    /// Reads a payload of this type.
    ///
    /// # Errors
    /// Everything in which it doesn't keep to the schema. Fields that the schema doesn't have are refused.
    pub fn from_json(kind: Kind, payload: &Value) -> Result<Self, Vec<Problem>> {
        let Value::Object(fields) = payload else {
            return Err(vec![Problem { field: String::new(), expected: "a JSON object was expected".to_owned() }]);
        };
        let mut read = Fields { fields, known: Vec::new(), problems: Vec::new() };
        let repo = read.repository();
        let action = match kind {
            Kind::CiRun => Self::CiRun(CiRun { repo, branch: read.branch("branch") }),
            Kind::IssueCreate => {
                Self::IssueCreate(IssueCreate { repo, title: read.title(), body: read.body(), labels: read.labels() })
            }
            Kind::PrCreate => {
                let pull = PrCreate {
                    repo,
                    head: read.branch("head"),
                    base: read.branch("base"),
                    title: read.title(),
                    body: read.body(),
                };
                if !pull.head.is_empty() && pull.head == pull.base {
                    read.problem("head", "another branch than `base` was expected");
                }
                Self::PrCreate(pull)
            }
        };
        read.end().map(|()| action)
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::CiRun(_) => Kind::CiRun,
            Self::IssueCreate(_) => Kind::IssueCreate,
            Self::PrCreate(_) => Kind::PrCreate,
        }
    }

    /// Its payload.
    pub fn payload(&self) -> Value {
        // Texts and lists of them: nothing that JSON can't say.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The same for this repository.
    #[must_use]
    pub fn of(mut self, repository: &Repository) -> Self {
        match &mut self {
            Self::CiRun(CiRun { repo, .. })
            | Self::IssueCreate(IssueCreate { repo, .. })
            | Self::PrCreate(PrCreate { repo, .. }) => *repo = Some(repository.clone()),
        }
        self
    }

    /// The repository that it names.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::CiRun(CiRun { repo, .. })
            | Self::IssueCreate(IssueCreate { repo, .. })
            | Self::PrCreate(PrCreate { repo, .. }) => repo.as_ref(),
        }
    }
}

/// Takes fields out of a payload and notes what is wrong with them.
struct Fields<'a> {
    fields: &'a Map<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    fn get(&mut self, field: &'static str) -> Option<&'a Value> {
        self.known.push(field);
        self.fields.get(field).filter(|value| !value.is_null())
    }

    fn problem(&mut self, field: &str, expected: impl Into<String>) {
        self.problems.push(Problem { field: field.to_owned(), expected: expected.into() });
    }

    fn text(&mut self, field: &'static str) -> Option<&'a str> {
        match self.get(field) {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.problem(field, "a text was expected");
                None
            }
        }
    }

    fn needed(&mut self, field: &'static str) -> Option<&'a str> {
        if self.fields.get(field).is_none_or(Value::is_null) {
            self.known.push(field);
            self.problem(field, "it is missing");
            return None;
        }
        self.text(field)
    }

    fn repository(&mut self) -> Option<Repository> {
        match Repository::from_text(self.text("repo")?) {
            Some(repository) => Some(repository),
            None => {
                self.problem("repo", "`owner/name` was expected");
                None
            }
        }
    }

    fn title(&mut self) -> String {
        let title = self.needed("title").map(str::trim).unwrap_or_default();
        if self.problems.iter().any(|problem| problem.field == "title") {
        } else if title.is_empty() {
            self.problem("title", "it is empty");
        } else if title.chars().count() > LONGEST_TITLE {
            self.problem("title", format!("at most {LONGEST_TITLE} characters were expected"));
        } else if title.chars().any(char::is_control) {
            self.problem("title", "one line without control characters was expected");
        }
        title.to_owned()
    }

    fn body(&mut self) -> String {
        let body = self.text("body").unwrap_or_default();
        if body.len() > LONGEST_BODY {
            self.problem("body", format!("at most {LONGEST_BODY} bytes were expected"));
        } else if body.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
            self.problem("body", "no control characters but tabs and line ends were expected");
        }
        body.to_owned()
    }

    fn branch(&mut self, field: &'static str) -> String {
        let Some(name) = self.needed(field) else {
            return String::new();
        };
        if !is_branch(name) {
            self.problem(field, "the name of a branch was expected, as git allows it");
        }
        name.to_owned()
    }

    fn labels(&mut self) -> Vec<String> {
        let labels = match self.get("labels") {
            None => return Vec::new(),
            Some(Value::Array(labels)) => labels,
            Some(_) => {
                self.problem("labels", "a list of names was expected");
                return Vec::new();
            }
        };
        if labels.len() > MOST_LABELS {
            self.problem("labels", format!("at most {MOST_LABELS} were expected"));
            return Vec::new();
        }
        let mut names: Vec<String> = Vec::new();
        for label in labels {
            match label.as_str().map(str::trim) {
                Some(name) if is_label(name) => {
                    if !names.iter().any(|known| known == name) {
                        names.push(name.to_owned());
                    }
                }
                _ => {
                    self.problem("labels", "the names of labels were expected");
                    return Vec::new();
                }
            }
        }
        names
    }

    fn end(mut self) -> Result<(), Vec<Problem>> {
        let unknown: Vec<&String> = self.fields.keys().filter(|key| !self.known.contains(&key.as_str())).collect();
        if let Some(first) = unknown.first() {
            let name: String = first.chars().take(40).filter(|character| !character.is_control()).collect();
            let known = self.known.join(", ");
            self.problem("", format!("there is no field {name:?} here; there are: {known}"));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }
}

fn is_label(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

/// Whether git allows this as a branch's name (`git check-ref-format --branch`), on one's own repository: `user:branch` is another's.
fn is_branch(name: &str) -> bool {
    let forbidden =
        |character: char| character.is_control() || matches!(character, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.contains(forbidden)
        && !name.starts_with('-')
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}
