//! Which versions the programs say they are.

use scenario::model::Service;

use super::inside::Container;
use super::plan::{Plan, service_named};
use super::standing::Standing;
use crate::stack::api::Api;
use crate::stack::bootstrap::{Command, Inside};

/// The version of a service that is ready; `None` where it doesn't say, or says it elsewhere, as the forge does.
pub(super) async fn version(standing: &Standing, plan: &Plan, name: &str) -> Option<String> {
    match service_named(name)? {
        Service::Edge | Service::Staging => caddy_version(standing, name).await,
        Service::Ci => ci_version(plan).await,
        _ => None,
    }
}

/// `2.11.9`, where the service is Caddy.
async fn caddy_version(standing: &Standing, service: &str) -> Option<String> {
    let container = standing.container(service)?;
    let inside = Container { docker: &standing.docker, id: &container };
    let command = Command { arguments: &["caddy", "version"], environment: &[], user: None };
    let output = inside.run(command).await.ok().filter(|output| output.exit_code == 0)?;
    output.stdout.split_whitespace().next().map(|version| version.trim_start_matches('v').to_owned())
}

/// `3.17.0`, as the CI says it.
async fn ci_version(plan: &Plan) -> Option<String> {
    let (url, way) = (plan.site.service_url(Service::Ci.as_str())?, plan.way());
    let answer = Api { base: &url, way: &way, credentials: None }.get("/version").await.ok()?;
    answer.json()?.get("version")?.as_str().map(str::to_owned)
}
