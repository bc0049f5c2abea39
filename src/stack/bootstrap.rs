//! A fresh forge's first user and repository. Works for Forgejo and for Gitea, which it forked from.

use async_trait::async_trait;
use scenario::Secret;
use serde_json::{Value, json};
use thiserror::Error;

use super::api::{Answer, Api, Way};
use super::random;

/// The first user's name. (`admin` is reserved in Gitea.)
pub const USER: &str = "smoke";
/// Who may use the chat besides the first user. Scenarios make the account, where they need somebody whose allowance they may use up.
pub const TALKATIVE: &str = "talkative";
/// What one person may ask the chat for. Journeys are walked again and again, and one of them uses up all of it.
pub const MAX_REQUESTS_PER_HOUR: &str = "80";
/// The demo repository's name.
pub const REPOSITORY: &str = "demo";
/// The demo repository's one branch.
pub const DEFAULT_BRANCH: &str = "main";
/// How long the generated password is.
const PASSWORD_LENGTH: usize = 32;

/// Creates the user with whichever of the two programs the image has. Its arguments can be read by other processes
/// of the container; in this one there is nobody else.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Product {
    /// Forgejo.
    #[default]
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

/// Gives a fresh forge its first user. `url` is its public URL, without a slash at its end; its host is reached by `way`.
///
/// # Errors
/// What went wrong, with the forge's own words; never the password.
pub(crate) async fn bootstrap(url: &str, way: &Way, inside: &dyn Inside) -> Result<Forge, BootstrapError> {
    let password = random::text(random::ALPHANUMERIC, PASSWORD_LENGTH);
    let password = Secret::new(password.map_err(|error| BootstrapError::Password(error.to_string()))?);
    let (forge, ()) = tokio::try_join!(Forge::identify(url, way, password.clone()), create_user(inside, &password))?;
    Ok(forge)
}

impl Forge {
    /// The forge at this URL, with a first user who has, or is to have, this password.
    ///
    /// # Errors
    /// The forge's answer.
    pub(crate) async fn identify(url: &str, way: &Way, password: Secret) -> Result<Self, BootstrapError> {
        let (product, version) = identify(&Api { base: url, way, credentials: None }).await?;
        Ok(Self { product, version, user: USER.to_owned(), password, repository: format!("{USER}/{REPOSITORY}") })
    }

    /// Makes the demo repository. Nothing else waits for it.
    ///
    /// # Errors
    /// The forge's answer; never the password.
    pub(crate) async fn create_repository(&self, url: &str, way: &Way) -> Result<(), BootstrapError> {
        create_repository(&Api { base: url, way, credentials: Some((&self.user, &self.password)) }, self).await
    }

    /// Makes a token with which a service may open issues and pull requests in the user's name, and nothing else.
    ///
    /// # Errors
    /// The forge's answer; neither the password nor the token.
    pub(crate) async fn create_token(&self, url: &str, way: &Way, name: &str) -> Result<Secret, BootstrapError> {
        let api = Api { base: url, way, credentials: Some((&self.user, &self.password)) };
        let path = format!("/api/v1/users/{}/tokens", self.user);
        let wanted = json!({ "name": name, "scopes": ["write:issue", "write:repository"] });
        let hide = |why: String| redact(&why, Some(&self.password));
        let answer = api.post(&path, &wanted).await.map_err(|why| BootstrapError::NoAnswer(hide(why)))?;
        let made = answer.json().filter(|_| answer.status == 201);
        match made.as_ref().and_then(|made| made.get("sha1")).and_then(Value::as_str) {
            Some(token) => Ok(Secret::new(token.to_owned())),
            // A token that stands elsewhere in the answer isn't repeated.
            None if answer.status == 201 => Err(BootstrapError::Answer {
                request: format!("POST {path}"),
                expected: "201 with the token",
                found: "201 without one".to_owned(),
            }),
            None => Err(unexpected("POST", &path, "201 with the token", &answer, Some(&self.password))),
        }
    }
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

async fn create_repository(api: &Api<'_>, forge: &Forge) -> Result<(), BootstrapError> {
    let password = &forge.password;
    let path = "/api/v1/user/repos";
    let wanted = json!({ "name": REPOSITORY, "auto_init": true, "default_branch": DEFAULT_BRANCH });
    let answer = api.post(path, &wanted).await.map_err(|why| BootstrapError::NoAnswer(redact(&why, Some(password))))?;
    let made = answer.json().filter(|_| answer.status == 201);
    match made.as_ref().and_then(|made| made.get("full_name")).and_then(Value::as_str) {
        Some(name) if name == forge.repository => Ok(()),
        _ => Err(unexpected("POST", path, "201 with the repository", &answer, Some(password))),
    }
}

fn unexpected(
    method: &str,
    path: &str,
    expected: &'static str,
    answer: &Answer,
    password: Option<&Secret>,
) -> BootstrapError {
    // Redacted before it is cut short: half a password is too much as well.
    let answer = Answer { body: redact(&answer.body, password), ..answer.clone() };
    BootstrapError::Answer { request: format!("{method} {path}"), expected, found: answer.excerpt() }
}

fn redact(text: &str, password: Option<&Secret>) -> String {
    password.map_or_else(|| text.to_owned(), |password| text.replace(password.expose(), "***"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each request by its first line, and notes what was sent.
    struct FakeForge {
        url: String,
        address: SocketAddr,
        requests: std::sync::Arc<Mutex<Vec<String>>>,
    }

    impl FakeForge {
        async fn new(answers: &'static [(&'static str, u16, &'static str)]) -> Self {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let requests = std::sync::Arc::new(Mutex::new(Vec::new()));
            let seen = std::sync::Arc::clone(&requests);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let request = read_request(&mut stream).await;
                    let answer = answers.iter().find(|(start, ..)| request.starts_with(start));
                    let (status, body) = answer.map_or((404, "not found"), |(_, status, body)| (*status, *body));
                    // A forge that repeats what it was sent must not make us print it.
                    let credentials = request.lines().find_map(|line| line.strip_prefix("authorization: Basic "));
                    let decoded = credentials
                        .map(|text| base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap())
                        .map(|bytes| String::from_utf8(bytes).unwrap());
                    let body = body.replace("{credentials}", &decoded.unwrap_or_default());
                    seen.lock().unwrap().push(request);
                    let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
            });
            Self { url: format!("http://edge.test:{}/forge", address.port()), address, requests }
        }

        async fn bootstrap(&self, inside: &dyn Inside) -> Result<Forge, BootstrapError> {
            let way = Way { address: self.address, tls: None };
            let forge = bootstrap(&self.url, &way, inside).await?;
            forge.create_repository(&self.url, &way).await?;
            Ok(forge)
        }
    }

    async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let length = stream.read(&mut buffer).await.unwrap();
            bytes.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let expected = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |text| text.parse().unwrap());
            if body.len() >= expected {
                return text;
            }
        }
    }

    /// Answers each command alike, and notes its environment.
    struct FakeInside {
        output: Result<CommandOutput, String>,
        environment: Mutex<Vec<(String, String)>>,
    }

    impl FakeInside {
        fn new(output: Result<CommandOutput, String>) -> Self {
            Self { output, environment: Mutex::default() }
        }

        fn fine() -> Self {
            Self::new(Ok(CommandOutput::default()))
        }
    }

    #[async_trait]
    impl Inside for FakeInside {
        async fn run(&self, command: Command<'_>) -> Result<CommandOutput, String> {
            assert_eq!(command.user, Some("git"));
            let password = command.environment.iter().find(|(name, _)| *name == "SMOKE_PASSWORD").unwrap().1;
            let pairs = command.environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
            self.environment.lock().unwrap().extend(pairs);
            let repeat = |text: &str| text.replace("{password}", password);
            let output = self.output.clone().map_err(|why| repeat(&why))?;
            Ok(CommandOutput { stderr: repeat(&output.stderr), stdout: repeat(&output.stdout), ..output })
        }
    }

    const REPOSITORY_MADE: (&str, u16, &str) =
        ("POST /forge/api/v1/user/repos ", 201, r#"{"id":1,"full_name":"smoke/demo"}"#);
    const GITEA: (&str, u16, &str) = ("GET /forge/api/v1/version ", 200, r#"{"version":"1.26.0"}"#);
    const FORGEJO: (&str, u16, &str) =
        ("GET /forge/api/forgejo/v1/version ", 200, r#"{"version":"11.0.1+gitea-1.22.0"}"#);

    #[tokio::test]
    async fn gitea_gets_a_user_and_a_repository() {
        let forge = FakeForge::new(&[GITEA, REPOSITORY_MADE]).await;
        let inside = FakeInside::fine();
        let made = forge.bootstrap(&inside).await.unwrap();
        assert_eq!((made.product, made.version.as_str()), (Product::Gitea, "1.26.0"));
        assert_eq!((made.user.as_str(), made.repository.as_str()), ("smoke", "smoke/demo"));
        let password = made.password.expose();
        assert_eq!(password.len(), 32);
        let environment = inside.environment.lock().unwrap().clone();
        assert!(environment.contains(&("SMOKE_PASSWORD".to_owned(), password.to_owned())));

        let requests = forge.requests.lock().unwrap().clone();
        let last = requests.last().unwrap();
        assert!(last.contains(&format!("host: edge.test:{}\r\n", forge.address.port())), "{last}");
        assert!(last.ends_with(r#"{"name":"demo","auto_init":true,"default_branch":"main"}"#), "{last}");
        // Nobody is told the password before there is a user to have it.
        assert!(requests[..requests.len() - 1].iter().all(|request| !request.contains("authorization")));
    }

    #[tokio::test]
    async fn forgejo_is_told_from_gitea() {
        let forge = FakeForge::new(&[FORGEJO, GITEA, REPOSITORY_MADE]).await;
        let made = forge.bootstrap(&FakeInside::fine()).await.unwrap();
        assert_eq!((made.product, made.version.as_str()), (Product::Forgejo, "11.0.1+gitea-1.22.0"));
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said_without_the_password() {
        type Answers = &'static [(&'static str, u16, &'static str)];
        let cases: [(Answers, FakeInside, &str); 6] = [
            (
                &[],
                FakeInside::fine(),
                "the forge's API answered 404 not found to GET /api/v1/version; expected 200 with a version",
            ),
            (
                // What Caddy says to a path that nobody serves.
                &[("GET ", 200, "")],
                FakeInside::fine(),
                "the forge's API answered 200 with no content to GET /api/v1/version; expected 200 with a version",
            ),
            (
                &[GITEA],
                FakeInside::new(Err("no such container {password}".to_owned())),
                "the forge's first user can't be created: no such container ***",
            ),
            (
                &[GITEA],
                FakeInside::new(Ok(CommandOutput {
                    exit_code: 1,
                    stdout: "usage".to_owned(),
                    stderr: "name is reserved\n[{password}]".to_owned(),
                })),
                "the forge's first user can't be created: exit code 1: name is reserved [***] usage",
            ),
            (
                &[GITEA, ("POST ", 401, r#"{"message":"who is {credentials}?"}"#)],
                FakeInside::fine(),
                "the forge's API answered 401 {\"message\":\"who is smoke:***?\"} to POST /api/v1/user/repos; expected 201 with the repository",
            ),
            (
                &[GITEA, ("POST ", 201, "<html>")],
                FakeInside::fine(),
                "the forge's API answered 201 <html> to POST /api/v1/user/repos; expected 201 with the repository",
            ),
        ];
        for (answers, inside, expected) in cases {
            let forge = FakeForge::new(answers).await;
            assert_eq!(forge.bootstrap(&inside).await.unwrap_err().to_string(), expected);
        }
    }

    #[tokio::test]
    async fn a_forge_that_is_not_there_is_said_to_be_not_there() {
        let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let error = bootstrap("http://edge.test/forge", &Way { address: free, tls: None }, &FakeInside::fine())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the forge's API doesn't answer: GET http://edge.test/forge/api/forgejo/v1/version: "),
            "{error}"
        );
        assert!(error.contains("refused"), "{error}");
    }
}
