//! A container of the chat's and one of the model's, on a network of their own.

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use edge_smoke::stack::containers::compose;
use edge_smoke::stack::containers::compose::model::{ServiceSpec, VolumeSource};
use scenario::Source;

use crate::support::require;

/// How long a container may take to be well.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// What the file has, with these variables.
pub(crate) fn spec(service: &str, variables: &[(&str, &str)]) -> ServiceSpec {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/compose.yml");
    let source = Arc::new(Source::new("compose.yml", std::fs::read_to_string(path).unwrap()));
    let given = |name: &str| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
    // Other images may be named, as for Compose.
    let lookup = |name: &str| given(name).or_else(|| std::env::var(name).ok().filter(|_| name.ends_with("_IMAGE")));
    compose::read(&source, &lookup).unwrap().services.remove(service).unwrap()
}

/// Whether there is all that is needed.
pub(crate) fn is_possible() -> bool {
    let missing = ["chat", "model"]
        .map(|service| spec(service, &[]).image)
        .into_iter()
        .find(|image| !docker(&["image", "inspect", image]).status.success());
    require("chat-container", missing.map_or(Ok(()), |image| Err(format!("the engine has no image {image}"))))
}

pub(crate) fn docker(arguments: &[&str]) -> Output {
    match Command::new("docker").args(arguments).output() {
        Ok(output) => output,
        Err(error) => Output { status: Default::default(), stdout: Vec::new(), stderr: error.to_string().into_bytes() },
    }
}

fn must(arguments: &[&str]) -> String {
    let output = docker(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The containers. Dropping it removes them with all that was made for them.
pub(crate) struct Stood {
    name: String,
}

impl Stood {
    /// The chat with these options beside those of the file; `change` may change what the file has.
    pub(crate) fn up(change: impl FnOnce(&mut ServiceSpec), more: &[&str]) -> Self {
        Self::beside(&[], change, more)
    }

    /// The same beside a model with these settings.
    pub(crate) fn beside(model: &[(&str, &str)], change: impl FnOnce(&mut ServiceSpec), more: &[&str]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("edge-smoke-chat-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let stood = Self { name };
        must(&["network", "create", &stood.name]);
        let oauth = [("CHAT_OAUTH_CLIENT_ID", "id"), ("CHAT_OAUTH_CLIENT_SECRET", "secret-of-the-application")];
        let mut beside = spec("model", &[("MESSAGES_TOKEN_DELAY_MS", "1")]);
        beside.environment.extend(model.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        stood.run("model", &beside, &[]);
        let mut chat = spec("chat", &oauth);
        change(&mut chat);
        stood.run("chat", &chat, more);
        stood.is_well();
        stood
    }

    /// The chat's container.
    pub(crate) fn chat(&self) -> String {
        format!("{}-chat", self.name)
    }

    /// Runs a command in the chat's container.
    pub(crate) fn exec(&self, command: &[&str]) -> (bool, String) {
        let chat = self.chat();
        let output = docker(&[&["exec", &chat], command].concat());
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn run(&self, service: &str, spec: &ServiceSpec, more: &[&str]) {
        let mut line: Vec<String> = ["run", "--detach", "--name"].map(str::to_owned).to_vec();
        let mut option = |name: &str, value: String| line.extend([name.to_owned(), value]);
        option("", format!("{}-{service}", self.name));
        option("--network", self.name.clone());
        option("--network-alias", service.to_owned());
        for (name, value) in &spec.environment {
            option("--env", format!("{name}={value}"));
        }
        for mount in &spec.volumes {
            let VolumeSource::Named(volume) = &mount.source else { panic!("{mount:?}") };
            option("--volume", format!("{}-{volume}:{}", self.name, mount.target));
        }
        for (path, options) in &spec.tmpfs {
            option("--tmpfs", format!("{path}:{options}"));
        }
        for (name, values) in
            [("--cap-drop", &spec.cap_drop), ("--cap-add", &spec.cap_add), ("--security-opt", &spec.security_opt)]
        {
            for value in values {
                option(name, value.clone());
            }
        }
        option("--memory", spec.mem_limit.unwrap_or(0).to_string());
        option("--pids-limit", spec.pids_limit.unwrap_or(0).to_string());
        if let Some(user) = &spec.user {
            option("--user", user.clone());
        }
        if spec.read_only {
            line.push("--read-only".to_owned());
        }
        line.extend(more.iter().map(|&word| word.to_owned()));
        let (program, words) = match spec.entrypoint.as_deref() {
            Some([program, words @ ..]) => (Some(program), words),
            _ => (None, &[][..]),
        };
        line.extend(program.into_iter().flat_map(|program| ["--entrypoint".to_owned(), program.clone()]));
        line.push(spec.image.clone());
        line.extend(words.iter().cloned());
        let line: Vec<&str> = line.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        must(&line);
    }

    fn is_well(&self) {
        let began = Instant::now();
        loop {
            let (is_well, said) = self.exec(&["chat", "healthcheck"]);
            if is_well {
                return;
            }
            let log = docker(&["logs", &self.chat()]);
            assert!(began.elapsed() < SOON, "{said}\n{}", String::from_utf8_lossy(&log.stderr));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Stood {
    fn drop(&mut self) {
        for service in ["chat", "model"] {
            docker(&["rm", "--force", "--volumes", &format!("{}-{service}", self.name)]);
        }
        for volume in ["workspace", "chat-data"] {
            docker(&["volume", "rm", "--force", &format!("{}-{volume}", self.name)]);
        }
        docker(&["network", "rm", &self.name]);
    }
}
