//! On embedded stacks with the faults of `faults/`: fixes are applied for real, and the shipped scenarios say what came of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use scenario::Source;
use scenario::model::{Mode, Service};
use tokio_util::sync::CancellationToken;
use verdict::evidence::{Evidence, Outcome, StackFacts, Trouble};
use verdict::{Change, Class, Proof, RouteField, Verdict};

use super::super::{Limits, Proved, prove_by};
use super::proposals::{Proposal, rules};
use crate::engine::events::{Event, Nobody, Sink};
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::fault::Fault;
use crate::stack::embedded::Embedded;
use crate::stack::{Change as StackChange, ChangeError, Changeable, Changed, Direct, Site, Stack, StackOptions};
use crate::walk::{Probes, Walk};

/// Those that are quick, by files: sign-in, pages, pipelines, cookies, clones.
const SCENARIOS: [&str; 7] = [
    "bare-prefixes.yaml",
    "ci-api.yaml",
    "ci-dashboard.yaml",
    "ci-oauth.yaml",
    "forge-login.yaml",
    "git-clone.yaml",
    "staging.yaml",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn walk() -> Walk {
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder("scenarios").join(name)).unwrap();
        Arc::new(scenario::parse(&Source::new(name, text)).unwrap())
    };
    let plans = SCENARIOS
        .map(|name| Arc::new(Plan::new(read(name), &|_, used| Ok(read(used.trim_start_matches("./")))).unwrap()));
    let pace = Pace { jobs: 4, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    Walk { allow_writes: true, probes: Probes::Never, ..Walk::new(plans.to_vec(), pace, Arc::new(Nobody)) }
}

/// A stack with these faults, by the names of their files.
async fn stack_with(faults: &[&str]) -> Embedded {
    let options = faults.iter().fold(StackOptions::new(Mode::Subpath), |options, name| {
        let path = folder("faults").join(format!("{name}.yaml"));
        let source = Source::new(path.display().to_string(), std::fs::read_to_string(path).unwrap());
        let Fault { inject, .. } = crate::fault::read(&source).unwrap();
        inject.into_options(options)
    });
    Embedded::start(&options).await.unwrap()
}

fn limits() -> Limits {
    Limits { within: Duration::from_secs(60), put_back: false, cancel: CancellationToken::new() }
}

fn failed(evidence: &Evidence) -> Vec<String> {
    let failed = evidence.journeys.iter().filter(|journey| journey.outcome != Outcome::Passed);
    failed.map(|journey| journey.name.clone()).collect()
}

fn setting(service: &str, name: &str, value: String) -> Change {
    Change::Setting { service: service.to_owned(), name: name.to_owned(), value: Some(value) }
}

/// The right fixes, as a rule would make them of the addresses that browsers use.
fn right(site: &Site) -> [(&'static str, Vec<Change>); 5] {
    let (forge, ci) = (&site.services[&Service::Forge], &site.services[&Service::Ci]);
    let strip = |route: &str, strips| Change::Route { route: route.to_owned(), field: RouteField::StripPrefix(strips) };
    let uris = vec![format!("{ci}/authorize")];
    [
        ("root-url", vec![setting("forge", "GITEA__server__ROOT_URL", format!("{forge}/"))]),
        ("host", vec![setting("ci", "WOODPECKER_HOST", ci.clone())]),
        ("ci-strips", vec![strip("ci", false)]),
        ("forge-strips", vec![strip("forge", true)]),
        ("redirect", vec![Change::Application { service: "ci".to_owned(), redirect_uris: uris }]),
    ]
}

/// Proposals of all fixes for whatever fails, the wrong ones first if `is_hard`.
fn proposals(site: &Site, names: &[String], is_hard: bool) -> Vec<Proposal> {
    let of = |(code, changes): (&'static str, Vec<Change>)| {
        let scenarios = names.iter().map(String::as_str).collect::<Vec<_>>();
        Proposal::new(code, &scenarios, changes)
    };
    let wrong = [
        ("nonsense", vec![setting("forge", "GITEA__server__ROOT_URL", "http://elsewhere.test/".to_owned())]),
        ("unknown", vec![setting("ci", "WOODPECKER_NO_SUCH", "x".to_owned())]),
    ];
    let wrong = if is_hard { wrong.to_vec() } else { Vec::new() };
    wrong.into_iter().chain(right(site)).map(of).collect()
}

/// Walks a stack with these faults, and proves what comes of it.
async fn proved(faults: &[&str], is_hard: bool) -> (Embedded, Proved) {
    let mut stack = stack_with(faults).await;
    let walk = walk();
    let evidence = walk.on(&stack).await.unwrap();
    let names = failed(&evidence);
    assert!(!names.is_empty(), "{faults:?}: nothing fails");
    let rules = rules(proposals(stack.site(), &names, is_hard));
    let proved = prove_by(&mut stack, &walk, evidence, &limits(), &rules).await;
    (stack, proved)
}

fn verified(proved: &Proved) -> Vec<&str> {
    let findings = proved.judgement.findings.iter().filter(|finding| finding.proof == Proof::Verified);
    findings.map(|finding| finding.code.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_two_and_three_faults_come_off() {
    for (faults, expected) in [
        (&["forge-root-url-internal"][..], &["root-url"][..]),
        (&["ci-host-internal"], &["host"]),
        (&["ci-edge-strips-prefix"], &["ci-strips"]),
        (&["forge-edge-does-not-strip"], &["forge-strips"]),
        (&["oauth-redirect-registered-without-prefix"], &["redirect"]),
        (&["forge-root-url-internal", "ci-host-without-prefix"], &["host", "root-url"]),
        (&["ci-edge-strips-prefix", "ci-host-without-prefix"], &["ci-strips", "host"]),
        (
            &["forge-edge-does-not-strip", "ci-host-internal", "oauth-redirect-registered-without-prefix"],
            &["forge-strips", "host", "redirect"],
        ),
    ] {
        let (stack, proved) = proved(faults, false).await;
        let mut found = verified(&proved);
        found.sort_unstable();
        assert_eq!(found, expected, "{faults:?}: {:#?}", proved.attempts);
        assert_eq!(proved.judgement.verdict, Verdict::Fix);
        let reason = &proved.judgement.reason;
        assert!(reason.contains("applied all 7 scenarios pass"), "{faults:?}: {reason}");
        // What is claimed is so.
        assert_eq!(failed(&walk().on(&stack).await.unwrap()), Vec::<String>::new(), "{faults:?}");
        stack.down().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_candidates_are_refuted_or_can_not_be_tried_and_leave_nothing_behind() {
    let mut stack = stack_with(&["ci-host-internal"]).await;
    let before = stack.options().clone();
    let walk = walk();
    let evidence = walk.on(&stack).await.unwrap();
    let names = failed(&evidence);
    let mut wrong = proposals(stack.site(), &names, true);
    wrong.truncate(2);
    let limits = limits();
    let proved = prove_by(&mut stack, &walk, evidence.clone(), &limits, &rules(wrong)).await;
    let tries: Vec<_> = proved.attempts.iter().map(|attempt| (attempt.code.as_str(), attempt.outcome)).collect();
    assert_eq!(tries, [("nonsense", Proof::Refuted), ("unknown", Proof::Untried)]);
    let findings: Vec<_> =
        proved.judgement.findings.iter().map(|finding| (finding.code.as_str(), finding.proof)).collect();
    assert_eq!(findings, [("unknown", Proof::Untried)]);
    assert_eq!(*stack.options(), before);
    assert_eq!(failed(&walk.on(&stack).await.unwrap()), names);
    stack.down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_kept_is_put_back() {
    let faults = ["oauth-redirect-registered-without-prefix", "forge-root-url-internal"];
    let mut stack = stack_with(&faults).await;
    let walk = walk();
    let evidence = walk.on(&stack).await.unwrap();
    let names = failed(&evidence);
    let before = stack.options().clone();
    let rules = rules(proposals(stack.site(), &names, false));
    let limits = Limits { put_back: true, ..limits() };
    let proved = prove_by(&mut stack, &walk, evidence, &limits, &rules).await;
    assert_eq!((verified(&proved).len(), proved.broken.clone()), (2, None), "{:#?}", proved.attempts);
    assert_eq!(*stack.options(), before);
    assert_eq!(failed(&walk.on(&stack).await.unwrap()), names);
    stack.down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_is_tried_with_everything_else_as_it_was() {
    // Under subdomains the forge has no prefix that could be left on.
    for (faults, verdict, proof) in [
        (&["forge-edge-does-not-strip"][..], Verdict::Pivot, Proof::Verified),
        (&["forge-edge-does-not-strip", "ci-host-internal"], Verdict::Fix, Proof::Refuted),
    ] {
        let mut stack = stack_with(faults).await;
        let walk = walk();
        let evidence = walk.on(&stack).await.unwrap();
        let names = failed(&evidence);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rules = rules(vec![Proposal::pivot("app/rootless", &names)]);
        let proved = prove_by(&mut stack, &walk, evidence, &Limits { put_back: true, ..limits() }, &rules).await;
        let [finding] = &proved.judgement.findings[..] else { panic!("{:#?}", proved.judgement) };
        assert_eq!(
            (proved.judgement.verdict, finding.class, finding.proof),
            (verdict, Class::Pivot, proof),
            "{faults:?}"
        );
        assert_eq!(stack.site().mode, Mode::Subpath);
        stack.down().await.unwrap();
    }
}

/// A stack on which something goes wrong at a change.
struct Unlucky {
    stack: Embedded,
    luck: Luck,
    changes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Luck {
    /// The service doesn't come up, and everything is put back.
    DoesNotComeUp,
    /// The service doesn't come up, and neither does the stack.
    IsGone,
    /// It comes up, and dies.
    Dies,
}

#[async_trait]
impl Stack for Unlucky {
    fn facts(&self) -> StackFacts {
        self.stack.facts()
    }

    fn site(&self) -> &Site {
        self.stack.site()
    }

    async fn direct(&self, service: Service) -> Option<Direct> {
        self.stack.direct(service).await
    }

    async fn logs(&self, service: Service, lines: usize) -> Vec<String> {
        self.stack.logs(service, lines).await
    }

    async fn troubles(&self) -> Vec<Trouble> {
        // The second change is the way back.
        if self.luck == Luck::Dies && self.changes == 1 { vec![trouble()] } else { Vec::new() }
    }

    async fn down(&self) -> Result<(), Trouble> {
        self.stack.down().await
    }
}

#[async_trait]
impl Changeable for Unlucky {
    fn current(&self) -> StackChange {
        self.stack.current()
    }

    async fn change(&mut self, change: &StackChange) -> Result<Changed, ChangeError> {
        self.stack.change(change).await
    }

    fn options(&self) -> &StackOptions {
        self.stack.options()
    }

    fn routes(&self) -> &routes::Site {
        self.stack.routes()
    }

    async fn reshape(&mut self, options: &StackOptions, renew: &BTreeSet<Service>) -> Result<Changed, ChangeError> {
        self.changes += 1;
        match self.luck {
            Luck::DoesNotComeUp => Err(ChangeError { trouble: trouble(), not_put_back: None }),
            Luck::IsGone => Err(ChangeError { trouble: trouble(), not_put_back: Some(trouble()) }),
            Luck::Dies => self.stack.reshape(options, renew).await,
        }
    }
}

fn trouble() -> Trouble {
    Trouble {
        service: Some("ci".to_owned()),
        message: "it ended with exit code 1".to_owned(),
        help: None,
        log: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_service_that_dies_meanwhile_nothing_is_claimed() {
    for (luck, is_broken) in [(Luck::DoesNotComeUp, false), (Luck::IsGone, true), (Luck::Dies, false)] {
        let stack = stack_with(&["ci-host-internal"]).await;
        let walk = walk();
        let evidence = walk.on(&stack).await.unwrap();
        let names = failed(&evidence);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let host = Proposal::new("host", &names, right(stack.site())[1].1.clone());
        let mut stack = Unlucky { stack, luck, changes: 0 };
        let rules = rules(vec![host, Proposal::pivot("app/rootless", &names)]);
        let proved = prove_by(&mut stack, &walk, evidence, &limits(), &rules).await;
        let tries: Vec<_> = proved.attempts.iter().map(|attempt| (attempt.code.as_str(), attempt.outcome)).collect();
        assert_eq!((tries, proved.broken.is_some()), (vec![("host", Proof::Untried)], is_broken), "{luck:?}");
        assert!(proved.judgement.findings.iter().all(|finding| finding.proof == Proof::Untried), "{luck:?}");
        assert_eq!(proved.judgement.verdict, Verdict::Fix);
        assert!(proved.attempts[0].seen.contains("it ended with exit code 1"), "{:?}", proved.attempts);
        stack.down().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_time_over_the_rest_stays_untried_and_a_call_to_stop_is_heard_at_once() {
    let mut stack = stack_with(&["forge-root-url-internal"]).await;
    let walk = walk();
    let evidence = walk.on(&stack).await.unwrap();
    let rules = rules(proposals(stack.site(), &failed(&evidence), false));
    let no_time = Limits { within: Duration::ZERO, put_back: true, ..limits() };
    let proved = prove_by(&mut stack, &walk, evidence.clone(), &no_time, &rules).await;
    assert!(proved.judgement.findings.iter().all(|finding| finding.proof == Proof::Untried));
    assert!(proved.judgement.reason.contains("not everything could be tried within 0 s"), "{:?}", proved.judgement);
    let called_off = limits();
    called_off.cancel.cancel();
    let proved = prove_by(&mut stack, &walk, evidence, &called_off, &rules).await;
    assert!(proved.attempts.is_empty() && proved.broken.is_none());
    stack.down().await.unwrap();
}

/// Calls the proof off at the first word of a fix.
struct CallsOff(CancellationToken);

impl Sink for CallsOff {
    fn emit(&self, event: Event) {
        if matches!(event, Event::StackProgress(text) if text.starts_with("trying the fix")) {
            self.0.cancel();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn called_off_while_a_fix_is_tried_nothing_is_claimed_and_the_stack_goes_down() {
    let mut stack = stack_with(&["forge-root-url-internal"]).await;
    let evidence = walk().on(&stack).await.unwrap();
    let rules = rules(proposals(stack.site(), &failed(&evidence), false));
    let limits = limits();
    let calling_off = Walk { sink: Arc::new(CallsOff(limits.cancel.clone())), ..walk() };
    let begun = Instant::now();
    let proved = prove_by(&mut stack, &calling_off, evidence, &limits, &rules).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(proved.attempts.iter().all(|attempt| attempt.outcome == Proof::Untried), "{:#?}", proved.attempts);
    assert!(proved.judgement.findings.iter().all(|finding| finding.proof == Proof::Untried));
    let edge = stack.site().base_url.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut ports: Vec<u16> = vec![edge];
    for service in [Service::Forge, Service::Ci, Service::Staging, Service::Echo] {
        let direct = stack.direct(service).await.unwrap();
        ports.push(direct.authority.rsplit_once(':').unwrap().1.parse().unwrap());
    }
    stack.down().await.unwrap();
    for port in ports {
        let connected = tokio::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).await;
        assert!(connected.is_err(), "somebody is still at {port}");
    }
}
