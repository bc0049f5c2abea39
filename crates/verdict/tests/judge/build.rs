//! Made-up evidence.

use verdict::evidence::{
    Asset, AssetKind, AssetProblem, AssetProblemKind, AssetReference, Assets, Evidence, Exchange, Failure, FailureKind,
    Journey, Mode, Outcome, RequestRecord, ResponseRecord, ServiceFacts, ServiceKind, StackFacts, StackKind,
    StepRecord, Trouble,
};
use verdict::{Class, Finding, Proof, Severity};

pub(crate) const SITE: &str = "http://edge.test:8080";

pub(crate) fn stack(kind: StackKind) -> StackFacts {
    let service_kind = match kind {
        StackKind::Embedded => ServiceKind::Double,
        StackKind::Containers => ServiceKind::Image,
        StackKind::External => ServiceKind::Url,
    };
    let service = |name: &str| ServiceFacts { name: name.into(), kind: service_kind, image: None, version: None };
    StackFacts {
        kind,
        mode: Mode::Subpath,
        base_url: SITE.into(),
        services: vec![service("edge"), service("forge"), service("ci")],
    }
}

pub(crate) fn evidence(kind: StackKind, journeys: Vec<Journey>) -> Evidence {
    Evidence { stack: Some(stack(kind)), journeys, ..Evidence::default() }
}

pub(crate) fn journey(name: &str, outcome: Outcome, steps: Vec<StepRecord>) -> Journey {
    let file = format!("scenarios/{name}.yaml");
    Journey {
        name: name.into(),
        file,
        tags: Vec::new(),
        outcome,
        reason: None,
        duration_ms: 1.0,
        steps,
        logs: Vec::new(),
    }
}

pub(crate) fn passed(name: &str) -> Journey {
    journey(name, Outcome::Passed, Vec::new())
}

pub(crate) fn without_trying(name: &str, outcome: Outcome, reason: &str) -> Journey {
    Journey { reason: Some(reason.into()), ..journey(name, outcome, Vec::new()) }
}

/// A journey whose only step failed at `path`, which answered `status`.
pub(crate) fn failed(name: &str, path: &str, status: u16) -> Journey {
    let url = format!("{SITE}{path}");
    let message = format!("expected status 200, found {status}");
    journey(name, Outcome::Failed, vec![step(name, &url, Some(status), FailureKind::Expectation, &message)])
}

/// A journey whose only step got no response from `url`.
pub(crate) fn silent(name: &str, url: &str, kind: FailureKind, message: &str) -> Journey {
    journey(name, Outcome::Failed, vec![step(name, url, None, kind, message)])
}

pub(crate) fn step(name: &str, url: &str, status: Option<u16>, kind: FailureKind, message: &str) -> StepRecord {
    let file = format!("scenarios/{name}.yaml");
    StepRecord {
        line: 4,
        kind: "get".into(),
        title: format!("get {url}"),
        outcome: Outcome::Failed,
        reason: None,
        duration_ms: 1.0,
        attempts: 1,
        failures: vec![failure(&file, kind, message)],
        trace: vec![exchange(url, status, message)],
        websocket: None,
        oauth: None,
        git: None,
        assets: None,
        file,
    }
}

pub(crate) fn failure(file: &str, kind: FailureKind, message: &str) -> Failure {
    Failure {
        message: message.into(),
        file: file.into(),
        line: 6,
        column: 7,
        expected: None,
        found: None,
        help: None,
        rendered: String::new(),
        kind,
    }
}

fn exchange(url: &str, status: Option<u16>, error: &str) -> Exchange {
    let response = |status| ResponseRecord {
        status,
        headers: vec![("Content-Type".into(), "text/html".into())],
        set_cookies: Vec::new(),
        body_bytes: url.len() as u64,
        // Something that only it says: what another address gives as well would be nobody's.
        body_excerpt: Some(url.to_owned()),
        arrival: None,
    };
    Exchange {
        request: RequestRecord { method: "GET".into(), url: url.into(), headers: Vec::new(), body_bytes: 0 },
        response: status.map(response),
        error: status.is_none().then(|| error.to_owned()),
        duration_ms: 1.0,
    }
}

pub(crate) fn trouble(service: Option<&str>, message: &str) -> Trouble {
    Trouble {
        service: service.map(str::to_owned),
        message: message.into(),
        help: Some("Look at its log.".into()),
        log: vec!["listening".into(), "out of memory".into()],
    }
}

pub(crate) fn finding(class: Class, proof: Proof) -> Finding {
    Finding {
        code: format!("test/{}", class.as_str()),
        class,
        severity: Severity::Error,
        title: format!("Title of {}", class.as_str()),
        cause: format!("Cause of {}.", class.as_str()),
        fix: None,
        proof,
        scenarios: Vec::new(),
        evidence: Vec::new(),
    }
}

/// A journey that passed on a page with one asset in which something is wrong.
pub(crate) fn with_broken_asset(name: &str, path: &str, kind: AssetKind, essential: bool) -> Journey {
    let page = format!("{SITE}/ci/");
    let reference = AssetReference { file: page.clone(), line: 6, by: "<link rel=icon>".into(), written: path.into() };
    let asset = Asset {
        url: format!("{SITE}{path}"),
        kind,
        essential,
        references: vec![reference],
        referenced: 1,
        status: Some(404),
        media_type: None,
        bytes: Some(0),
        redirects: Vec::new(),
        duration_ms: Some(1.0),
        problem: Some(AssetProblem { kind: AssetProblemKind::Status, found: "status 404".into() }),
        unchecked: None,
    };
    let assets = Assets { page, under: None, list: vec![asset], inline: 0, left_out: 0, duration_ms: 1.0 };
    let mut step = step(name, &assets.page, Some(200), FailureKind::Expectation, "");
    step.failures.clear();
    step.outcome = Outcome::Passed;
    step.assets = Some(assets);
    journey(name, Outcome::Passed, vec![step])
}
