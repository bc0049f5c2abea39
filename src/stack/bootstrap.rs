//! A fresh forge's first user and repository. Works for Forgejo and for Gitea, which it forked from.

use std::net::SocketAddr;

use async_trait::async_trait;
use scenario::Secret;
use serde_json::{Value, json};
use thiserror::Error;

use super::api::{Answer, Api};
use super::random;

/// The first user's name. (`admin` is reserved in Gitea.)
pub const USER: &str = "smoke";
/// The demo repository's name.
pub const REPOSITORY: &str = "demo";
/// How long the generated password is.
const PASSWORD_LENGTH: usize = 32;

/// Creates the user with whichever of the two programs the image has. Its arguments can be read by other processes of the
/// container; in this one there is nobody else.
const CREATE_USER: &str = r#"
tool=$(command -v forgejo || command -v gitea) || { echo "the image has neither forgejo nor gitea" >&2; exit 127; }
exec "$tool" admin user create --admin --must-change-password=false \
  --username "$SMOKE_USER" --email "$SMOKE_USER@edge.test" --password "$SMOKE_PASSWORD"
"#;

/// A command to be run where a service runs.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    /// The program and its arguments.
    pub arguments: &'a [&'a str],
    /// Environment variables for it. They may be secret: never show them.
    pub environment: &'a [(&'a str, &'a str)],
    /// The user that it runs as; `None` for the service's own.
    pub user: Option<&'a str>,
}

/// What a command said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandOutput {
    /// Its exit code.
    pub exit_code: i64,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

/// The inside of a service: where commands can be run.
#[async_trait]
pub trait Inside: Send + Sync {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// It could not be run, in words.
    async fn run(&self, command: Command<'_>) -> Result<CommandOutput, String>;
}

/// Which forge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Forgejo.
    Forgejo,
    /// Gitea.
    Gitea,
}

/// What a fresh forge was given.
#[derive(Debug, Clone)]
pub struct Forge {
    /// Which forge it is.
    pub product: Product,
    /// The version that it says it is.
    pub version: String,
    /// The first user's name.
    pub user: String,
    /// The first user's password.
    pub password: Secret,
    /// The demo repository, with its owner (`smoke/demo`).
    pub repository: String,
}

/// Why a fresh forge could not be set up. None of these texts holds the password.
#[derive(Debug, Error)]
pub enum BootstrapError {
    /// The forge didn't answer.
    #[error("the forge's API doesn't answer: {0}")]
    NoAnswer(String),
    /// It answered something else than expected.
    #[error("the forge's API answered {found} to {request}; expected {expected}")]
    Answer {
        /// Method and path.
        request: String,
        /// What was expected.
        expected: &'static str,
        /// Status and the beginning of the content.
        found: String,
    },
    /// The command that creates the user could not be run.
    #[error("the forge's first user can't be created: {0}")]
    Command(String),
    /// The command that creates the user failed.
    #[error("the forge's first user can't be created: exit code {code}: {output}")]
    User {
        /// The exit code.
        code: i64,
        /// What it said.
        output: String,
    },
    /// No password could be made.
    #[error("no password can be made: {0}")]
    Password(String),
}

/// Sets a fresh forge up. `url` is its public URL, without a slash at its end; its host is reached at `address`.
///
/// # Errors
/// What went wrong, with the forge's own words; never the password.
pub async fn bootstrap(url: &str, address: SocketAddr, inside: &dyn Inside) -> Result<Forge, BootstrapError> {
    let anonymous = Api { base: url, address, credentials: None };
    let (product, version) = identify(&anonymous).await?;
    let password = random::text(random::ALPHANUMERIC, PASSWORD_LENGTH);
    let password = Secret::new(password.map_err(|error| BootstrapError::Password(error.to_string()))?);
    create_user(inside, &password).await?;
    let api = Api { base: url, address, credentials: Some((USER, &password)) };
    let repository = create_repository(&api, &password).await?;
    Ok(Forge { product, version, user: USER.to_owned(), password, repository })
}

/// Which forge it is: Forgejo alone knows its own version path.
async fn identify(api: &Api<'_>) -> Result<(Product, String), BootstrapError> {
    let forgejo = api.get("/api/forgejo/v1/version").await.map_err(BootstrapError::NoAnswer)?;
    if let Some(version) = version(&forgejo) {
        return Ok((Product::Forgejo, version));
    }
    let path = "/api/v1/version";
    let gitea = api.get(path).await.map_err(BootstrapError::NoAnswer)?;
    let version = version(&gitea).ok_or_else(|| unexpected("GET", path, "200 with a version", &gitea, None))?;
    Ok((Product::Gitea, version))
}

fn version(answer: &Answer) -> Option<String> {
    let version = answer.json()?.get("version")?.as_str()?.to_owned();
    (answer.status == 200).then_some(version)
}

async fn create_user(inside: &dyn Inside, password: &Secret) -> Result<(), BootstrapError> {
    let environment = [("SMOKE_USER", USER), ("SMOKE_PASSWORD", password.expose())];
    // Both programs refuse to run as root; in both images the forge's own user is called git.
    let command = Command { arguments: &["sh", "-c", CREATE_USER], environment: &environment, user: Some("git") };
    let output = inside.run(command).await.map_err(|why| BootstrapError::Command(redact(&why, Some(password))))?;
    if output.exit_code == 0 {
        return Ok(());
    }
    let said = format!("{} {}", output.stderr, output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(BootstrapError::User { code: output.exit_code, output: redact(&said, Some(password)) })
}

async fn create_repository(api: &Api<'_>, password: &Secret) -> Result<String, BootstrapError> {
    let path = "/api/v1/user/repos";
    let wanted = json!({ "name": REPOSITORY, "auto_init": true, "default_branch": "main" });
    let answer = api.post(path, &wanted).await.map_err(|why| BootstrapError::NoAnswer(redact(&why, Some(password))))?;
    let name =
        answer.json().as_ref().and_then(|json| json.get("full_name")).and_then(Value::as_str).map(ToOwned::to_owned);
    name.filter(|_| answer.status == 201)
        .ok_or_else(|| unexpected("POST", path, "201 with the repository", &answer, Some(password)))
}

fn unexpected(
    method: &str,
    path: &str,
    expected: &'static str,
    answer: &Answer,
    password: Option<&Secret>,
) -> BootstrapError {
    // Redacted before it is cut short: half a password is too much as well.
    let answer = Answer { status: answer.status, body: redact(&answer.body, password) };
    BootstrapError::Answer { request: format!("{method} {path}"), expected, found: answer.excerpt() }
}

fn redact(text: &str, password: Option<&Secret>) -> String {
    password.map_or_else(|| text.to_owned(), |password| text.replace(password.expose(), "***"))
}
