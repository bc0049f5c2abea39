//! A sign-in to the CI by way of the forge, beside Hurl: the same requests on the same stack, in turns.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use edge_smoke::stack::embedded::Embedded;
use edge_smoke::stack::{Site, Stack, StackOptions};
use scenario::model::{Mode, Service};

use crate::child::Run;
use crate::{line, milliseconds};

/// How often each of the two has its turn.
const TURNS: usize = 30;
/// Where Hurl is, if it isn't on the path.
const HURL: &str = "HURL";
const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/figures/oauth/sign-in.yaml");
const HURL_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/figures/oauth/sign-in.hurl");

/// Both as processes of their own, against one stack in this process.
pub(crate) fn beside_hurl() {
    let figure = "sign-in by OAuth, whole process (Hurl, in turns)";
    let Some(hurl) = hurl() else {
        println!("{figure:<58} left out: no hurl on the path, and ${HURL} doesn't say where it is");
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
    let options = StackOptions::new(Mode::Subpath);
    let stack = runtime.block_on(Embedded::start(&options)).unwrap_or_else(|trouble| panic!("{}", trouble.message));
    let site = stack.site();
    // The first time the forge asks for consent; Hurl's file has no answer to that.
    ours(site);
    theirs(&hurl, site);
    let (mut mine, mut yours) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        mine.push(ours(site));
        yours.push(theirs(&hurl, site));
    }
    let (mine, yours) = (median(mine), median(yours));
    let ratio = mine.as_secs_f64() / yours.as_secs_f64();
    line(figure, milliseconds(mine), milliseconds(yours), ratio, "1.00×");
    runtime.block_on(stack.down()).unwrap_or_else(|trouble| panic!("{}", trouble.message));
}

/// Hurl, by the environment or on the path.
fn hurl() -> Option<PathBuf> {
    let given = std::env::var_os(HURL).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("hurl")).find(|file| file.is_file());
    given.filter(|file| file.is_file()).or(on_path)
}

fn ours(site: &Site) -> Duration {
    let mut arguments = vec![SCENARIO.to_owned(), "--base-url".to_owned(), site.base_url.clone()];
    arguments.extend(["--mode".to_owned(), site.mode.to_string()]);
    for (name, address) in &site.resolve {
        arguments.extend(["--resolve".to_owned(), format!("{name}={address}")]);
    }
    for (name, value) in &site.variables {
        arguments.extend(["--var".to_owned(), format!("{name}={value}")]);
    }
    let mut environment = Vec::new();
    for (name, secret) in &site.secrets {
        arguments.extend(["--secret".to_owned(), name.clone()]);
        environment.push((name.clone(), secret.expose().to_owned()));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Run::with_environment(&arguments, &environment).wall
}

fn theirs(hurl: &Path, site: &Site) -> Duration {
    let mut command = Command::new(hurl);
    let port = site.base_url.rsplit(':').next().unwrap_or_default();
    for (name, address) in &site.resolve {
        command.args(["--resolve", &format!("{name}:{port}:{address}")]);
    }
    let service = |service: Service| site.services.get(&service).unwrap_or_else(|| panic!("no {service} here")).clone();
    let mut variable = |name: &str, value: &str| {
        command.args(["--variable", &format!("{name}={value}")]);
    };
    variable("origin", &site.base_url);
    variable("ci", &service(Service::Ci));
    variable("forge", &service(Service::Forge));
    site.variables.iter().for_each(|(name, value)| variable(name, value));
    site.secrets.iter().for_each(|(name, secret)| variable(name, secret.expose()));
    command.args(["--test", HURL_FILE]).stdout(Stdio::null()).stderr(Stdio::piped());
    let started = Instant::now();
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", hurl.display()));
    let wall = started.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wall
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
