//! Actions carried out by the forge's and the CI's own APIs, and read back: what isn't there afterwards wasn't done.

mod call;
mod ci;
mod forge;
mod labels;

use http::StatusCode;
use serde_json::{Value, json};

use super::payload::Action;
use super::repository::Repository;
use crate::AppState;

/// Something that was done, and is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    /// The issue's, pull request's or pipeline's number.
    pub(super) number: u64,
    /// Its page, for browsers.
    pub(super) url: String,
    /// In words.
    pub(super) summary: String,
    /// What the API answered.
    pub(super) response: Response,
}

/// An API's answer, as the history keeps it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// The most of an answer that the history keeps, in bytes.
const LONGEST_RESPONSE: usize = 16 * 1024;

impl Response {
    /// As JSON, cut down where it is long.
    pub(super) fn shape(&self) -> Value {
        let body = if self.body.to_string().len() <= LONGEST_RESPONSE {
            self.body.clone()
        } else {
            let fields = ["id", "number", "title", "html_url", "status", "branch", "message"];
            fields.iter().filter_map(|field| Some(((*field).to_owned(), self.body.get(field)?.clone()))).collect()
        };
        json!({ "status": self.status.as_u16(), "body": body })
    }
}

/// Why something wasn't done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    /// For programs.
    pub(super) code: &'static str,
    /// For people: what was expected, what came, what to do.
    pub(super) message: String,
    /// Whether it may have been done all the same, so that it must not be tried again blindly.
    pub(super) unclear: bool,
    /// What the API answered, if it did.
    pub(super) response: Option<Response>,
}

impl Failure {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), unclear: false, response: None }
    }

    /// No repository is set that an action could be for.
    pub(super) fn unscoped() -> Self {
        Self::new("not_configured", "FORGE_OWNER and FORGE_REPO aren't set")
    }
}

/// Carries an action out on a repository.
pub(super) async fn perform(state: &AppState, action: &Action, repository: &Repository) -> Result<Done, Failure> {
    match action {
        Action::CiRun(run) => ci::run(state, repository, run).await,
        Action::IssueCreate(issue) => forge::create_issue(state, repository, issue).await,
        Action::PrCreate(pull) => forge::create_pull(state, repository, pull).await,
    }
}
