//! On the embedded stack, with a forge that can't live under a prefix.

use std::path::Path;
use std::sync::Arc;

use scenario::Source;
use scenario::model::Mode;
use tokio_util::sync::CancellationToken;
use verdict::evidence;

use super::*;
use crate::engine::events::Nobody;
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::stack::Stack;
use crate::stack::embedded::Embedded;

/// While its host is the shared origin the forge sends the sign-in to itself at the root, and the edge sends that back.
const HARD_ROOT: &str = "\
id: forge-hard-root
title: The forge can't live under a prefix
inject:
  tamper:
    forge: { on: response, match_path: ^/user/login, match_host: '^edge\\.test', set_status: 302, set_header: { Location: /user/login } }
  routes:
    forge-user: { path: /user/*, redirect: '/forge{uri}' }
";

fn walk(text: &str) -> Walk {
    let scenario = scenario::parse(&Source::new("journey.yaml", text)).unwrap();
    let plan = Plan::new(Arc::new(scenario), &|_, used| panic!("{used} is used")).unwrap();
    let pace = Pace { jobs: 1, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    Walk::new(vec![Arc::new(plan)], pace, Arc::new(Nobody))
}

fn login() -> Walk {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/forge-login.yaml");
    walk(&std::fs::read_to_string(file).unwrap())
}

async fn hard_root() -> Embedded {
    let fault = crate::fault::read(&Source::new("forge-hard-root.yaml", HARD_ROOT)).unwrap();
    Embedded::start(&fault.inject.into_options(StackOptions::new(Mode::Subpath))).await.unwrap()
}

#[tokio::test]
async fn what_can_not_live_under_a_prefix_is_well_on_a_host_of_its_own() {
    let mut stack = hard_root().await;
    let (passed, failed) = (0, vec!["Sign in to the forge, and out again"]);
    assert_eq!(outcomes(&login().on(&stack).await.unwrap()), (passed, failed));
    let CarriedOut::Green(evidence) = carry_out(&mut stack, &login(), &|_| {}).await else { panic!("it isn't well") };
    assert_eq!(outcomes(&evidence), (1, Vec::new()));
    assert_eq!(evidence.stack.unwrap().mode, evidence::Mode::Subdomain);
    assert!(stack.site().services.values().all(|url| !url.ends_with("/forge")));
    // What is in the program's nature is still there: on the shared origin nothing has changed.
    assert!(!stack.options().tamper.is_empty() && stack.options().routes.is_empty());
    // Once more: there is nothing to be done, and it is well.
    assert!(matches!(carry_out(&mut stack, &login(), &|_| {}).await, CarriedOut::Green(_)));
    stack.down().await.unwrap();
}

#[tokio::test]
async fn where_the_scenarios_fail_it_is_as_it_was() {
    let mut stack = hard_root().await;
    let before = stack.options().clone();
    let failing = walk("name: Never\nsteps:\n  - get: ${forge}/\n    expect: { status: 418 }\n");
    let CarriedOut::WentBack { why, seen: Some(seen) } = carry_out(&mut stack, &failing, &|_| {}).await else {
        panic!("it didn't go back");
    };
    assert!(why.starts_with("in the mode subdomain the verdict is FIX"), "{why}");
    assert_eq!(seen.0.stack.as_ref().map(|stack| stack.mode), Some(evidence::Mode::Subdomain));
    assert_eq!((stack.options(), stack.facts().mode), (&before, evidence::Mode::Subpath));
    stack.down().await.unwrap();
}

#[tokio::test]
async fn interrupted_it_goes_back() {
    let mut stack = hard_root().await;
    let walk = login();
    walk.pace.cancel.cancel();
    let CarriedOut::WentBack { why, .. } = carry_out(&mut stack, &walk, &|_| {}).await else {
        panic!("it didn't go back")
    };
    assert_eq!((why.as_str(), stack.facts().mode), ("interrupted", evidence::Mode::Subpath));
    stack.down().await.unwrap();
}
