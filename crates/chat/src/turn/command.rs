//! The command line and its environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use url::Url;
use uuid::Uuid;

use super::scratch::Scratch;
use super::settings::{Launcher, Settings};
use crate::confine::Grants;
use crate::identity::forbidden::resolve;

/// The tools that reading and editing the tree needs. None of them runs a program or asks another host.
const TOOLS: &str = "Read,Edit,Write,Glob,Grep";

/// What the command may see of the service's own environment. No token of the forge's or the CI's is among it, and no secret but the API's
/// own key, which it needs.
const ALLOWED: [&str; 16] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What it is told always: to send nothing but what an answer needs, to stay the version that it is, and not to ask an API for minutes that refuses.
const FIXED: [(&str, &str); 5] = [
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("CLAUDE_CODE_MAX_RETRIES", "3"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_TELEMETRY", "1"),
];

/// What is the turn's own folder for temporary files.
const SCRATCH: [&str; 3] = ["CLAUDE_CODE_TMPDIR", "HOME", "TMPDIR"];

/// Where programs are looked for without a `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The part of an environment that the command may see.
pub(super) fn allowed(value: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    ALLOWED.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
}

/// A command line with all that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: BTreeMap<String, OsString>,
    pub(super) directory: PathBuf,
}

/// The invocation for one turn; `scratch` is its folder for temporary files. The prompt goes in by standard input: on the command line it would be
/// bounded, be taken for an option, and be seen by every process.
///
/// # Errors
/// The command isn't there, or there is nothing to confine it.
pub(super) fn invocation(settings: &Settings, resume: Option<Uuid>, scratch: &Path) -> Result<Invocation, String> {
    let path = settings.environment.get("PATH").map_or(DEFAULT_PATH, String::as_str);
    let command = find(&settings.command, path)?;
    launch(settings, &command, arguments(settings, resume), scratch)
}

/// The invocation of a program of the service's own that gets what a turn's command gets, to see what that is.
#[derive(Debug)]
pub struct Confined {
    invocation: Invocation,
    _scratch: Scratch,
}

impl Confined {
    /// For this program with these arguments.
    ///
    /// # Errors
    /// There is nothing to confine it with, or its folder for temporary files can't be made.
    pub fn new(settings: &Settings, program: &Path, arguments: Vec<String>) -> Result<Self, String> {
        let failed = |error: io::Error| error.to_string();
        settings.identity.make_folders().map_err(failed)?;
        let scratch = Scratch::new(&settings.temporary).map_err(failed)?;
        Ok(Self { invocation: launch(settings, program, arguments, scratch.path())?, _scratch: scratch })
    }

    /// Runs it, and gives what it printed.
    ///
    /// # Errors
    /// It can't be run, or it failed; with its last words.
    pub fn output(&self) -> Result<Vec<u8>, String> {
        let Invocation { program, arguments, environment, directory } = &self.invocation;
        let mut command = std::process::Command::new(program);
        command.args(arguments).env_clear().envs(environment).current_dir(directory).stdin(std::process::Stdio::null());
        let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// Names in a turn's environment that aren't meant to be there, and names of the service's own settings whose secret values are.
pub fn leaked(settings: &Settings, values: &BTreeMap<String, String>) -> Vec<String> {
    let environment = environment(settings, Path::new("/tmp"));
    let own = settings.identity.environment();
    let is_known = |name: &str| {
        ALLOWED.contains(&name)
            || FIXED.iter().any(|(fixed, _)| *fixed == name)
            || SCRATCH.contains(&name)
            || own.contains_key(name)
    };
    let unknown = environment.keys().filter(|name| !is_known(name)).cloned();
    let is_secret = |name: &str| ["TOKEN", "SECRET", "PASSWORD"].iter().any(|word| name.contains(word));
    let secrets = values.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
    let shown = secrets
        .filter(|(_, secret)| environment.values().any(|value| value.to_string_lossy().contains(secret.as_str())));
    unknown.chain(shown.map(|(name, _)| name.clone())).collect()
}

fn launch(settings: &Settings, command: &Path, arguments: Vec<String>, scratch: &Path) -> Result<Invocation, String> {
    let mut line = Vec::new();
    let program = match &settings.launcher {
        Launcher::Missing => return Err("there is nothing to confine it with".to_owned()),
        Launcher::Unconfined => command.to_owned(),
        Launcher::Program(launcher) => {
            line.push(OsString::from("confine"));
            line.extend(grants(settings, command, scratch).arguments());
            line.extend([OsString::from("--"), command.as_os_str().to_owned()]);
            launcher.clone()
        }
    };
    line.extend(arguments.into_iter().map(OsString::from));
    let (environment, directory) = (environment(settings, scratch), settings.workspace.clone());
    Ok(Invocation { program, arguments: line, environment, directory })
}

fn arguments(settings: &Settings, resume: Option<Uuid>) -> Vec<String> {
    let mut line: Vec<String> = [
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
        "--permission-mode",
        "acceptEdits",
        // Nothing of the workspace decides what is run: no settings and hooks of its own, no servers, no commands.
        "--setting-sources",
        "user",
        "--strict-mcp-config",
        "--disable-slash-commands",
        "--tools",
        TOOLS,
        // By itself it would let its tools read the records of other conversations in the same folder, other people's too.
        "--disallowedTools",
    ]
    .map(str::to_owned)
    .to_vec();
    line.push(format!("Read(/{}/**)", settings.identity.config_dir().display()));
    let options = [("--model", settings.model.clone()), ("--resume", resume.map(|session| session.to_string()))];
    for (name, value) in options {
        line.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    if !settings.instructions.is_empty() {
        line.extend(["--append-system-prompt".to_owned(), settings.instructions.clone()]);
    }
    line
}

fn environment(settings: &Settings, scratch: &Path) -> BTreeMap<String, OsString> {
    let mut environment: BTreeMap<String, OsString> =
        settings.environment.iter().map(|(name, value)| (name.clone(), value.into())).collect();
    for (name, value) in FIXED {
        environment.insert(name.to_owned(), value.into());
    }
    // Its home is empty: whatever lies in one belongs to somebody else, the agents' identity first of all.
    for name in SCRATCH {
        environment.insert(name.to_owned(), scratch.into());
    }
    environment.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.into());
    environment.extend(settings.identity.environment());
    environment
}

/// What the command gets at: the workspace, what it keeps itself, its temporary files, and its own program.
fn grants(settings: &Settings, command: &Path, scratch: &Path) -> Grants {
    let program = std::fs::canonicalize(command).unwrap_or_else(|_| command.to_owned());
    let mut execute = vec![program.clone()];
    // A program often comes with its parts beside it. What else lies there must not be the service's own.
    let holds_private = |folder: &Path| settings.private.iter().any(|private| resolve(private).starts_with(folder));
    let beside = program.parent().filter(|folder| folder.components().count() > 1 && !holds_private(folder));
    execute.extend(beside.map(Path::to_owned));
    let certificates = ["SSL_CERT_DIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
    let read = certificates.iter().filter_map(|name| settings.environment.get(*name)).map(PathBuf::from).collect();
    let write = vec![settings.workspace.clone(), settings.identity.config_dir().to_owned(), scratch.to_owned()];
    Grants { write, read, execute, connect: ports(settings) }
}

/// The ports that a turn may connect to: the API's and proxies', and the one that names are asked at where an answer is long.
pub fn ports(settings: &Settings) -> Vec<u16> {
    let given = ["ANTHROPIC_BASE_URL", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
    let given = given.iter().filter_map(|name| settings.environment.get(*name));
    let mut ports: Vec<u16> =
        given.filter_map(|url| Url::parse(url).ok()?.port_or_known_default()).chain([53, 443]).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Looks for a command as a shell does.
fn find(command: &Path, path: &str) -> Result<PathBuf, String> {
    if command.components().count() > 1 {
        return match std::fs::metadata(command) {
            Ok(found) if found.is_file() => Ok(command.to_owned()),
            Ok(_) => Err(format!("{} is no file (CHAT_CLAUDE_COMMAND)", command.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("{} isn't there (CHAT_CLAUDE_COMMAND)", command.display()))
            }
            Err(error) => Err(format!("{}: {error}", command.display())),
        };
    }
    let found = path.split(':').filter(|folder| !folder.is_empty()).map(|folder| Path::new(folder).join(command));
    let found = found.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| format!("`{}` is in no folder of PATH (CHAT_CLAUDE_COMMAND)", command.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reader;

    fn settings(values: &[(&str, &str)]) -> Settings {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut reader = Reader::new(&values);
        let settings = Settings::read(&mut reader);
        assert_eq!(reader.finish(), []);
        settings
    }

    #[test]
    fn the_environment_holds_what_is_allowed_and_nothing_else() {
        let settings = settings(&[
            ("ANTHROPIC_API_KEY", "sk-ant"),
            ("HOME", "/home/chat"),
            ("TZ", "Europe/Berlin"),
            ("FORGE_TOKEN", "t1"),
            ("WOODPECKER_TOKEN", "t2"),
            ("FORWARD_AUTH_SECRET", "t3"),
            ("CHAT_OAUTH_CLIENT_SECRET", "t4"),
            ("LD_PRELOAD", "/workspace/evil.so"),
            ("NODE_OPTIONS", "--require /workspace/evil.js"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "0"),
        ]);
        let environment = environment(&settings, Path::new("/tmp/turn-1"));
        let names: Vec<&str> = environment.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "ANTHROPIC_API_KEY",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
                "CLAUDE_CODE_MAX_RETRIES",
                "CLAUDE_CODE_TMPDIR",
                "CLAUDE_CONFIG_DIR",
                "CLAUDE_CREDENTIALS_DIR",
                "DISABLE_AUTOUPDATER",
                "DISABLE_ERROR_REPORTING",
                "DISABLE_TELEMETRY",
                "HOME",
                "PATH",
                "TMPDIR",
                "TZ",
            ]
        );
        assert_eq!(environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"], "1");
        assert_eq!(environment["CLAUDE_CONFIG_DIR"], "/home/chat/.claude-chat/config");
    }

    #[test]
    fn the_line_never_bypasses_permissions_and_takes_nothing_from_the_workspace() {
        let session: Uuid = "68175633-705b-4030-8998-498bbb060883".parse().unwrap();
        let line =
            arguments(&settings(&[("CHAT_CLAUDE_MODEL", "opus"), ("HOME", "/home/chat")]), Some(session)).join(" ");
        for part in [
            "-p --output-format stream-json --verbose --include-partial-messages",
            "--permission-mode acceptEdits",
            "--setting-sources user --strict-mcp-config",
            "--tools Read,Edit,Write,Glob,Grep",
            "--disallowedTools Read(//home/chat/.claude-chat/config/**)",
            "--model opus --resume 68175633-705b-4030-8998-498bbb060883",
        ] {
            assert!(line.contains(part), "{part}\n{line}");
        }
        for word in ["bypass", "dangerously", "Bash", "Web", "append-system"] {
            assert!(!line.contains(word), "{word}\n{line}");
        }
        assert!(!arguments(&settings(&[]), None).join(" ").contains("--resume"));
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        for (command, path, words) in [
            ("no-such-command", "/usr/bin:/bin", "`no-such-command` is in no folder of PATH"),
            ("/no/such", "", "/no/such isn't there"),
            ("/usr/bin", "", "/usr/bin is no file"),
        ] {
            assert!(find(Path::new(command), path).unwrap_err().starts_with(words));
        }
        assert!(find(Path::new("sh"), "::/nowhere:/bin").unwrap().ends_with("bin/sh"));
    }

    #[test]
    fn what_lies_beside_the_command_is_granted_unless_it_is_the_service_s_own() {
        let mut settings = settings(&[]);
        let execute =
            |settings: &Settings| grants(settings, Path::new("/srv/no/such/claude"), Path::new("/tmp/t")).execute;
        let beside = PathBuf::from("/srv/no/such");
        assert!(execute(&settings).contains(&beside));
        settings.private = vec!["/srv/no/such/history".into()];
        assert_eq!(execute(&settings), [PathBuf::from("/srv/no/such/claude")]);
    }

    #[test]
    fn without_a_launcher_nothing_is_run() {
        let mut settings = settings(&[("CHAT_CLAUDE_COMMAND", "sh"), ("PATH", "/bin")]);
        assert!(invocation(&settings, None, Path::new("/tmp/t")).unwrap_err().contains("confine"));
        settings.launcher = Launcher::Program("/bin/chat".into());
        let invocation = invocation(&settings, None, Path::new("/tmp/t")).unwrap();
        assert_eq!(invocation.arguments[0], "confine");
        let words: Vec<_> = invocation.arguments.iter().map(|word| word.to_string_lossy()).collect();
        let end = words.iter().position(|word| word == "--").unwrap();
        assert!(words[end + 1].ends_with("bin/sh") && words[end + 2] == "-p", "{words:?}");
    }
}
