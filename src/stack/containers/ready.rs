//! When a container is ready, and why it will never be.

use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerState, ContainerStateStatusEnum, HealthStatusEnum};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use verdict::evidence::Trouble;

use super::compose::model::Healthcheck;
use super::engine::refused;
use super::inside::{Container, log_lines};
use super::pass_on::{Passage, Passed, pause};
use crate::stack::bootstrap::{Command, Inside};

/// How often the engine is asked, and the health check run inside: each time costs what starting a process costs, while
/// what is waited for needs the processor itself.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The same, where nothing else tells, for a container that was started just now.
const LOOK_YOUNG: Duration = Duration::from_millis(25);
/// How many log lines go with a trouble.
pub(crate) const TROUBLE_LOG_LINES: usize = 20;
/// Beyond what the health check itself allows: for an engine under load.
const GRACE: Duration = Duration::from_secs(10);

/// How a container stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not yet ready.
    Starting,
    /// Ready.
    Ready,
    /// It ended, or its health check gave up; in words.
    Broken(String),
}

/// A container on its way to being ready.
pub(crate) struct Awaited<'a> {
    /// The engine.
    pub(crate) docker: &'a Docker,
    /// The service's name.
    pub(crate) service: &'a str,
    /// The container's id.
    pub(crate) container: &'a str,
    /// The health check that it has.
    pub(crate) healthcheck: Option<&'a Healthcheck>,
    /// How the same is asked from outside.
    pub(super) passage: Option<Passage>,
}

impl Awaited<'_> {
    /// Waits until the container is ready: it answers from outside what its health check asks for inside, or that check passes;
    /// where it has none, it runs. The engine runs the check as seldom as is good for a stack that stands; here it is asked
    /// besides that, so that a stack that comes up isn't kept waiting. From outside it costs a request, inside a process: a
    /// service that can be asked from outside is asked inside only where it answers something that doesn't tell.
    ///
    /// # Errors
    /// It ended, its health check gave up, it took longer than its health check allows, or `cancel` was called.
    pub(crate) async fn ready(&self, cancel: &CancellationToken) -> Result<(), Trouble> {
        let Self { docker, service, container, healthcheck, passage } = self;
        let patience = patience(*healthcheck);
        let begun = Instant::now();
        let mut next_look = begun;
        loop {
            let from_outside = async {
                match passage {
                    Some(passage) => Some(passage.ask().await),
                    None => None,
                }
            };
            let answer = tokio::select! {
                () = cancel.cancelled() => return Err(interrupted(service)),
                answer = from_outside => answer,
            };
            let from_inside = match answer {
                Some(Passed::Healthy) => return Ok(()),
                Some(Passed::NotYet(_)) => None,
                Some(Passed::Otherwise(_)) | None => *healthcheck,
            };
            if Instant::now() >= next_look {
                let state = state(docker, service, container).await?;
                match judge(&state, healthcheck.is_some()) {
                    Standing::Ready => return Ok(()),
                    Standing::Broken(why) => return Err(trouble(docker, service, container, why).await),
                    Standing::Starting if passes(docker, container, &state, from_inside).await => return Ok(()),
                    Standing::Starting if begun.elapsed() < patience => {}
                    Standing::Starting => {
                        let last = last_check(&state);
                        let last = last.map(|check| format!("; its health check says: {check}")).unwrap_or_default();
                        let why = format!("{service} was not ready within {} s{last}", patience.as_secs());
                        return Err(trouble(docker, service, container, why).await);
                    }
                }
                let young = passage.is_none() && begun.elapsed() < LOOK_EVERY;
                next_look = Instant::now() + if young { LOOK_YOUNG } else { LOOK_EVERY };
            }
            let pause = match passage {
                Some(_) => pause(begun.elapsed()),
                None => next_look.saturating_duration_since(Instant::now()),
            };
            tokio::select! {
                () = cancel.cancelled() => return Err(interrupted(service)),
                () = sleep(pause) => {}
            }
        }
    }
}

/// Whether the container runs and its health check passes now.
async fn passes(docker: &Docker, container: &str, state: &ContainerState, healthcheck: Option<&Healthcheck>) -> bool {
    let Some(check) = healthcheck.filter(|_| state.status == Some(ContainerStateStatusEnum::RUNNING)) else {
        return false;
    };
    let arguments: Vec<&str> = match check.test.split_first() {
        Some((kind, rest)) if kind == "CMD" => rest.iter().map(String::as_str).collect(),
        Some((kind, rest)) if kind == "CMD-SHELL" => {
            ["sh", "-c"].into_iter().chain(rest.iter().map(String::as_str)).collect()
        }
        _ => return false,
    };
    let command = Command { arguments: &arguments, environment: &[], user: None };
    let inside = Container { docker, id: container };
    let run = inside.run(command);
    // Whatever keeps it from running shows in the container's state, or in what the engine's own check says.
    matches!(tokio::time::timeout(check.timeout.unwrap_or(GRACE), run).await, Ok(Ok(output)) if output.exit_code == 0)
}

/// What is wrong with a container that should be standing; `None` where nothing is.
pub(crate) async fn check(docker: &Docker, service: &str, container: &str, has_healthcheck: bool) -> Option<Trouble> {
    match state(docker, service, container).await {
        Err(trouble) => Some(trouble),
        Ok(state) => match judge(&state, has_healthcheck) {
            Standing::Broken(why) => Some(trouble(docker, service, container, why).await),
            Standing::Starting | Standing::Ready => None,
        },
    }
}

/// The trouble of a run that was called off.
pub(crate) fn interrupted(service: &str) -> Trouble {
    Trouble { service: Some(service.to_owned()), message: "interrupted".to_owned(), help: None, log: Vec::new() }
}

async fn state(docker: &Docker, service: &str, container: &str) -> Result<ContainerState, Trouble> {
    match docker.inspect_container(container, None).await {
        Ok(answer) => Ok(answer.state.unwrap_or_default()),
        Err(error) => Err(refused(service, "the engine can't say how its container stands", &error)),
    }
}

async fn trouble(docker: &Docker, service: &str, container: &str, message: String) -> Trouble {
    let log = log_lines(docker, container, TROUBLE_LOG_LINES).await;
    Trouble { service: Some(service.to_owned()), message, help: None, log }
}

/// How long a container may take: what its health check allows before it gives up.
fn patience(healthcheck: Option<&Healthcheck>) -> Duration {
    let Some(check) = healthcheck else { return GRACE };
    // The engine's own defaults.
    let round = check.interval.unwrap_or(Duration::from_secs(30)) + check.timeout.unwrap_or(Duration::from_secs(30));
    let retries = u32::try_from(check.retries.unwrap_or(3)).unwrap_or(3).max(1);
    check.start_period.unwrap_or_default() + round.saturating_mul(retries) + GRACE
}

fn judge(state: &ContainerState, has_healthcheck: bool) -> Standing {
    match state.status {
        Some(
            ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING,
        ) => {
            let code = state.exit_code.unwrap_or_default();
            let memory = if state.oom_killed == Some(true) { ", killed for want of memory" } else { "" };
            let error = state.error.as_deref().filter(|error| !error.is_empty()).map(|error| format!(": {error}"));
            Standing::Broken(format!("its container ended with exit code {code}{memory}{}", error.unwrap_or_default()))
        }
        Some(ContainerStateStatusEnum::RUNNING) if !has_healthcheck => Standing::Ready,
        Some(ContainerStateStatusEnum::RUNNING) => match state.health.as_ref().and_then(|health| health.status) {
            Some(HealthStatusEnum::HEALTHY) => Standing::Ready,
            Some(HealthStatusEnum::UNHEALTHY) => {
                let last = last_check(state).unwrap_or_else(|| "it says nothing".to_owned());
                Standing::Broken(format!("its health check fails: {last}"))
            }
            _ => Standing::Starting,
        },
        _ => Standing::Starting,
    }
}

/// What the last health check said, in one line.
fn last_check(state: &ContainerState) -> Option<String> {
    let last = state.health.as_ref()?.log.as_ref()?.last()?;
    let output = last.output.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let output: String = output.chars().take(300).collect();
    let code = last.exit_code.unwrap_or_default();
    Some(if output.is_empty() { format!("exit code {code}") } else { format!("exit code {code}, {output}") })
}

#[cfg(test)]
mod tests {
    use bollard::models::{Health, HealthcheckResult};

    use super::*;

    fn running(status: HealthStatusEnum) -> ContainerState {
        let log = vec![HealthcheckResult {
            exit_code: Some(4),
            output: Some("can't\n connect".to_owned()),
            ..Default::default()
        }];
        ContainerState {
            status: Some(ContainerStateStatusEnum::RUNNING),
            health: Some(Health { status: Some(status), log: Some(log), ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn the_health_check_decides_where_there_is_one() {
        assert_eq!(judge(&running(HealthStatusEnum::HEALTHY), true), Standing::Ready);
        assert_eq!(judge(&running(HealthStatusEnum::STARTING), true), Standing::Starting);
        assert_eq!(judge(&running(HealthStatusEnum::STARTING), false), Standing::Ready);
        let broken = Standing::Broken("its health check fails: exit code 4, can't connect".to_owned());
        assert_eq!(judge(&running(HealthStatusEnum::UNHEALTHY), true), broken);
    }

    #[test]
    fn a_container_that_ended_is_broken_and_says_how() {
        let mut state = ContainerState {
            status: Some(ContainerStateStatusEnum::EXITED),
            exit_code: Some(137),
            ..Default::default()
        };
        assert_eq!(judge(&state, true), Standing::Broken("its container ended with exit code 137".to_owned()));
        state.oom_killed = Some(true);
        let broken = "its container ended with exit code 137, killed for want of memory";
        assert_eq!(judge(&state, false), Standing::Broken(broken.to_owned()));
        state.status = Some(ContainerStateStatusEnum::CREATED);
        assert_eq!(judge(&state, false), Standing::Starting);
    }

    #[test]
    fn patience_is_what_the_health_check_allows() {
        let check = Healthcheck {
            test: vec![],
            interval: Some(Duration::from_secs(1)),
            timeout: Some(Duration::from_secs(5)),
            retries: Some(10),
            start_period: Some(Duration::from_secs(60)),
        };
        assert_eq!(patience(Some(&check)), Duration::from_secs(130));
    }
}
