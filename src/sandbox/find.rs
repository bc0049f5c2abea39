//! The chat's container, and what it says from within.

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ContainerSummary};
use serde::Deserialize;

use super::{Promise, Verification, settings};
use crate::stack::bootstrap::{Command, Inside};
use crate::stack::containers::engine::{chain, connect};
use crate::stack::containers::inside::Container;

/// The program in the chat's image.
const PROGRAM: &str = "/usr/local/bin/chat";

/// The label by which Compose tells what a container is of.
const COMPOSE_SERVICE: &str = "com.docker.compose.service";

/// Looks at a container from both sides; where none is named, at the one that runs the chat.
///
/// # Errors
/// No engine answers, there is no such container, or there are several.
pub async fn verify(named: Option<&str>) -> Result<Verification, String> {
    let (docker, _) = connect().await.map_err(|trouble| trouble.message)?;
    let name = match named {
        Some(name) => name.to_owned(),
        None => only(&docker).await?,
    };
    let container = docker.inspect_container(&name, None).await;
    let container = container.map_err(|error| format!("the container {name}: {}", chain(&error)))?;
    let inside = inside(&docker, &container).await;
    let shown = container.name.as_deref().map_or(name, |name| name.trim_start_matches('/').to_owned());
    Ok(Verification { container: shown, settings: settings::promises(&container), inside })
}

/// The one container that runs the chat.
async fn only(docker: &Docker) -> Result<String, String> {
    let running = docker.list_containers(None).await.map_err(|error| chain(&error))?;
    let mut found: Vec<String> = running.iter().filter(|container| is_chat(container)).filter_map(name).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(one), false) => {
            Err(format!("several containers run the chat: {}, {one}; name one of them", found.join(", ")))
        }
        (None, _) => Err("no container runs the chat; name one, or start it".to_owned()),
    }
}

fn is_chat(container: &ContainerSummary) -> bool {
    let label = container.labels.as_ref().and_then(|labels| labels.get(COMPOSE_SERVICE));
    let program = container.command.as_deref().and_then(|command| command.split(' ').next());
    label.is_some_and(|service| service == "chat") || program == Some(PROGRAM)
}

fn name(container: &ContainerSummary) -> Option<String> {
    let name =
        container.names.as_ref().and_then(|names| names.first()).map(|name| name.trim_start_matches('/').to_owned());
    name.or_else(|| container.id.clone())
}

/// What `chat inside` answers.
#[derive(Deserialize)]
struct Answer {
    promises: Vec<Promise>,
}

async fn inside(docker: &Docker, container: &ContainerInspectResponse) -> Vec<Promise> {
    let failed = |why: String| vec![Promise::new("seen-from-within", false, why)];
    let Some(id) = container.id.as_deref() else { return failed("the container has no id".to_owned()) };
    let command = Command { arguments: &[PROGRAM, "inside"], environment: &[], user: None };
    let output = match (Container { docker, id }).run(command).await {
        Ok(output) => output,
        Err(error) => return failed(format!("{PROGRAM} inside can't be run: {error}")),
    };
    match serde_json::from_str::<Answer>(&output.stdout) {
        Ok(Answer { promises }) if output.exit_code == 0 && !promises.is_empty() => promises,
        _ => failed(format!("{PROGRAM} inside ended with {}: {}", output.exit_code, output.stderr.trim())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_chat_s_container_is_told_by_its_service_or_its_program() {
        for (container, expected) in [
            (json!({ "Labels": { "com.docker.compose.service": "chat" }, "Command": "sh" }), true),
            (json!({ "Labels": {}, "Command": "/usr/local/bin/chat" }), true),
            (json!({ "Labels": { "com.docker.compose.service": "forge" }, "Command": "chat" }), false),
            (json!({}), false),
        ] {
            assert_eq!(is_chat(&serde_json::from_value(container.clone()).unwrap()), expected, "{container}");
        }
    }
}
