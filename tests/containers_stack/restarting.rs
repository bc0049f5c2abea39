//! A service that goes away and comes back while the stack is walked.

use std::collections::HashMap;

use bollard::Docker;
use bollard::query_parameters::{ListContainersOptionsBuilder, RestartContainerOptionsBuilder};
use edge_smoke::stack::Stack;
use edge_smoke::stack::containers::owner::RUN_LABEL;
use scenario::model::Service;

use crate::helpers::{needs, options, own, up};

pub(crate) async fn a_container_that_is_restarted_is_not_the_one_that_was_there(docker: Docker) {
    let stack = up(&needs(&[Service::Staging, Service::Echo]), &options()).await.unwrap();
    let before = stack.starts().await;
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), [Service::Edge, Service::Staging, Service::Echo]);
    assert_eq!(stack.starts().await, before);
    let filters = HashMap::from([("label", vec![format!("{RUN_LABEL}={}", stack.run_id())])]);
    let list = ListContainersOptionsBuilder::new().filters(&filters).build();
    let ids = docker.list_containers(Some(list)).await.unwrap().into_iter().filter_map(|container| container.id);
    let staging = ids.into_iter().find(|id| before[&Service::Staging].contains(id.as_str())).unwrap();
    let restart = RestartContainerOptionsBuilder::new().t(0).build();
    docker.restart_container(&staging, Some(restart)).await.unwrap();
    let after = stack.starts().await;
    let anew: Vec<Service> = before.keys().copied().filter(|service| before[service] != after[service]).collect();
    assert_eq!(anew, [Service::Staging]);
    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
}
