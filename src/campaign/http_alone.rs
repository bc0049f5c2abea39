//! The evidence as a client at the edge has it: without what only the owner of a stack can see.

use verdict::evidence::{Evidence, ServiceFacts, ServiceKind, StackFacts, StackKind, Way};

/// The same evidence without the services' logs, their troubles, what was asked past the edge, and what the stack is
/// made of.
pub(super) fn evidence(all: &Evidence) -> Evidence {
    let service = |service: &ServiceFacts| ServiceFacts {
        name: service.name.clone(),
        kind: ServiceKind::Url,
        image: None,
        version: None,
    };
    let stack = all.stack.as_ref().map(|stack| StackFacts {
        kind: StackKind::External,
        services: stack.services.iter().map(service).collect(),
        ..stack.clone()
    });
    let mut journeys = all.journeys.clone();
    for journey in &mut journeys {
        journey.logs.clear();
    }
    let probes = all.probes.iter().filter(|probe| probe.way == Way::Edge).cloned().collect();
    Evidence { stack, journeys, probes, ..Evidence::default() }
}
