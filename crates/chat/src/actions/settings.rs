//! Which actions there are: those whose token is given, on the repositories that are listed.

use url::Url;

use super::payload::{Action, Kind};
use super::repository::Repository;
use crate::config::Reader;
use crate::secret::Secret;

/// What actions take.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The repositories that actions may touch; the first is meant where none is named (`FORGE_OWNER` and `FORGE_REPO`, then
    /// `CHAT_ACTION_REPOS`, `owner/name` with commas between).
    pub repositories: Vec<Repository>,
    /// The forge's token (`FORGE_TOKEN`). Without it there are no issues and no pull requests.
    pub forge_token: Option<Secret>,
    /// The CI. Without it there are no pipelines.
    pub ci: Option<CiSettings>,
}

/// The CI.
#[derive(Debug, Clone)]
pub struct CiSettings {
    /// Its token (`WOODPECKER_TOKEN`).
    pub token: Secret,
    /// Its address for this service (`WOODPECKER_URL`), with the path of its `WOODPECKER_HOST`: its API is below that path only.
    pub internal: Url,
    /// Its address for browsers (`WOODPECKER_HOST`).
    pub public: Url,
}

impl Settings {
    /// Reads the settings.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let settings =
            Self { repositories: repositories(reader), forge_token: token(reader, "FORGE_TOKEN"), ci: ci(reader) };
        if settings.repositories.is_empty() && (settings.forge_token.is_some() || settings.ci.is_some()) {
            let message = "it is missing: with FORGE_OWNER it names the repository that actions are for; without tokens there are no actions";
            reader.problem("FORGE_REPO", message);
        }
        settings
    }

    /// Whether there are actions of this type.
    pub fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::CiRun => self.ci.is_some(),
            Kind::IssueCreate | Kind::PrCreate => self.forge_token.is_some(),
        }
    }

    /// The types that there are.
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.has(*kind)).collect()
    }

    /// The action with its repository filled in, if that is one that actions may touch.
    pub fn scope(&self, action: Action) -> Option<Action> {
        let repository = match action.repository() {
            None => self.repositories.first()?,
            // In the spelling of the settings: nobody else's reaches an address.
            Some(named) => self.repositories.iter().find(|listed| listed.is(named))?,
        };
        Some(action.of(repository))
    }

    /// What the command is told of actions; nothing where there are none.
    pub fn instructions(&self) -> String {
        let forms: Vec<&str> = self.kinds().into_iter().map(form).collect();
        let (Some(first), false) = (self.repositories.first(), forms.is_empty()) else { return String::new() };
        let others: Vec<String> = self.repositories.iter().skip(1).map(|other| format!("`{other}`")).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            _ => format!(" For another repository add \"repo\"; there are {}.", others.join(", ")),
        };
        format!(
            "You can't change the forge or the CI yourself, but you can propose it: write one of the following lines in your answer, outside \
             code blocks, with the JSON filled in. The user sees a button in its place and decides; you are not told at once what came of it. \
             Propose only what the user asked for. Actions are for the repository `{first}`.{others}\n{}",
            forms.join("\n")
        )
    }

    /// The action as a button may offer it, if it may.
    pub fn offer(&self, action: Action) -> Option<Action> {
        self.has(action.kind()).then(|| self.scope(action)).flatten()
    }
}

/// How an action is written.
fn form(kind: Kind) -> &'static str {
    match kind {
        Kind::CiRun => r#"<action type="ci-run">{"branch":"…"}</action>"#,
        Kind::IssueCreate => r#"<action type="issue-create">{"title":"…","body":"…","labels":["…"]}</action>"#,
        Kind::PrCreate => r#"<action type="pr-create">{"head":"…","base":"…","title":"…","body":"…"}</action>"#,
    }
}

fn repositories(reader: &mut Reader<'_>) -> Vec<Repository> {
    let mut repositories: Vec<Repository> = Vec::new();
    let expected = "letters, digits, `-`, `_` and `.`";
    match (reader.get("FORGE_OWNER"), reader.get("FORGE_REPO")) {
        (Some(owner), Some(name)) => match Repository::new(owner, name) {
            Some(repository) => repositories.push(repository),
            None => {
                reader.problem("FORGE_REPO", format!("with FORGE_OWNER it names no repository; expected {expected}"))
            }
        },
        (Some(_), None) => reader.problem("FORGE_REPO", "it is missing, and FORGE_OWNER is given"),
        (None, Some(_)) => reader.problem("FORGE_OWNER", "it is missing, and FORGE_REPO is given"),
        (None, None) => {}
    }
    let name = "CHAT_ACTION_REPOS";
    for text in reader.get(name).unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match Repository::from_text(text) {
            Some(repository) if repositories.iter().any(|known| known.is(&repository)) => {}
            Some(repository) => repositories.push(repository),
            None => {
                reader.problem(name, format!("expected `owner/name` of {expected}, found `{}`", text.escape_debug()))
            }
        }
    }
    repositories
}

/// A token travels in a header field.
fn token(reader: &mut Reader<'_>, name: &str) -> Option<Secret> {
    let token = reader.get(name)?.to_owned();
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) || token.starts_with('<') {
        reader.problem(name, "expected a token of visible ASCII characters without spaces");
    }
    Some(Secret::new(token))
}

fn ci(reader: &mut Reader<'_>) -> Option<CiSettings> {
    let token = token(reader, "WOODPECKER_TOKEN")?;
    let public = reader.url("WOODPECKER_HOST");
    let internal = reader.url("WOODPECKER_URL");
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    match (internal, public) {
        (None, None) => {
            if reader.get("WOODPECKER_HOST").is_none() && reader.get("WOODPECKER_URL").is_none() {
                let message = "it is missing: the CI's address for this service, with its path, such as http://woodpecker:8000/ci";
                reader.problem("WOODPECKER_URL", message);
            }
            None
        }
        (Some(internal), None) => Some(CiSettings { token, public: internal.clone(), internal }),
        (None, Some(public)) => Some(CiSettings { token, internal: public.clone(), public }),
        (Some(internal), Some(public)) => {
            if path(&internal) != path(&public) {
                let (here, there) = (path(&internal), path(&public));
                reader.problem(
                    "WOODPECKER_URL",
                    format!("its path is `{here}`, and that of WOODPECKER_HOST is `{there}`, which is where the CI answers; they must agree"),
                );
            }
            Some(CiSettings { token, internal, public })
        }
    }
}
