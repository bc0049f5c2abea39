//! Made-up runs.

use scenario::{Diagnostic, Source, Span};
use verdict::evidence::{
    Exchange, Failure, FailureKind, Journey, Mode, Outcome, RequestRecord, ResponseRecord, ServiceFacts, ServiceKind,
    ServiceLog, SetCookie, StackFacts, StackKind, StepRecord, Trouble,
};

use crate::play::Run;

const SITE: &str = "http://edge.test:41234";

const LOGIN: &str = "name: Forge login under its prefix
steps:
  - get: ${forge}/user/login
    follow: true
    expect:
      status: 200
      url: { starts_with: \"${forge}/\" }
";

/// All is well, on doubles.
pub(crate) fn passing() -> Run {
    Run {
        notices: vec!["stack: embedded, since no container engine answers".into()],
        stack: Some(embedded()),
        journeys: vec![
            (journey("Forge login under its prefix", "scenarios/forge-login.yaml", Outcome::Passed, steps(4)), vec![]),
            (journey("The root leads to the forge", "scenarios/root-redirect.yaml", Outcome::Passed, steps(1)), vec![]),
        ],
        ..Run::default()
    }
}

/// A login that loses its prefix on the second hop, in containers, beside one that passes.
pub(crate) fn failing() -> Run {
    let (step, diagnostics) = lost_prefix();
    let mut failed = steps(2);
    failed.push(step);
    let login = journey("Forge login under its prefix", "scenarios/forge-login.yaml", Outcome::Failed, failed);
    let log = ServiceLog { service: "forge".into(), lines: vec!["router: completed GET /user/login".into()] };
    let login = Journey { logs: vec![log], ..login };
    Run {
        notices: vec!["stack: containers, since engine 27.1 answers and all images are there".into()],
        progress: vec!["starting edge".into(), "starting forge".into()],
        stack: Some(containers()),
        journeys: vec![
            (login, diagnostics),
            (journey("The root leads to the forge", "scenarios/root-redirect.yaml", Outcome::Passed, steps(1)), vec![]),
        ],
        ..Run::default()
    }
}

/// A stack that did not come up.
pub(crate) fn errored() -> Run {
    let reason = "the stack did not stand";
    let login = Journey { reason: Some(reason.into()), ..untouched("Forge login under its prefix", Outcome::Errored) };
    let log = ["2026/11/21 02:03:04 listening on 0.0.0.0:3000", "panic: \u{1b}[31mout of memory\u{1b}[0m"];
    Run {
        notices: vec!["stack: containers, as asked for".into()],
        progress: vec!["starting edge".into(), "starting forge".into()],
        stack: None,
        journeys: vec![(login, vec![])],
        troubles: vec![Trouble {
            service: Some("forge".into()),
            message: "the forge ended with exit code 137 before it answered on /api/healthz".into(),
            help: Some("Give the engine more memory; 137 means that the kernel ended it.".into()),
            log: log.map(str::to_owned).to_vec(),
        }],
    }
}

/// One scenario passes, one doesn't apply, one could not be tried.
pub(crate) fn mixed() -> Run {
    let skipped = Journey {
        reason: Some("it needs the service ci, which this stack doesn't have".into()),
        ..untouched("The dashboard renders and every asset of it is where it says", Outcome::Skipped)
    };
    let errored =
        Journey { reason: Some("the secret `token` has no value".into()), ..untouched("API", Outcome::Errored) };
    let mut run = passing();
    run.stack = Some(StackFacts { kind: StackKind::External, ..embedded() });
    if let Some(stack) = &mut run.stack {
        stack.services.iter_mut().for_each(|service| service.kind = ServiceKind::Url);
    }
    run.notices = vec!["stack: external, as asked for".into()];
    run.journeys.truncate(1);
    run.journeys.extend([(skipped, vec![]), (errored, vec![])]);
    run
}

fn embedded() -> StackFacts {
    let service =
        |name: &str| ServiceFacts { name: name.into(), kind: ServiceKind::Double, image: None, version: None };
    StackFacts {
        kind: StackKind::Embedded,
        mode: Mode::Subpath,
        base_url: SITE.into(),
        services: ["edge", "forge", "staging"].map(service).to_vec(),
    }
}

fn containers() -> StackFacts {
    let service = |name: &str, image: &str, version: &str| ServiceFacts {
        name: name.into(),
        kind: ServiceKind::Image,
        image: Some(image.into()),
        version: Some(version.into()),
    };
    StackFacts {
        kind: StackKind::Containers,
        mode: Mode::Subpath,
        base_url: SITE.into(),
        services: vec![
            service("edge", "caddy:2", "2.11.9"),
            service("forge", "codeberg.org/forgejo/forgejo:11", "11.0.1"),
        ],
    }
}

fn untouched(name: &str, outcome: Outcome) -> Journey {
    Journey { duration_ms: 0.0, ..journey(name, "scenarios/forge-login.yaml", outcome, vec![]) }
}

fn journey(name: &str, file: &str, outcome: Outcome, steps: Vec<StepRecord>) -> Journey {
    let tags = vec!["forge".to_owned()];
    Journey {
        name: name.into(),
        file: file.into(),
        tags,
        outcome,
        reason: None,
        duration_ms: 48.2,
        steps,
        logs: vec![],
    }
}

fn steps(number: usize) -> Vec<StepRecord> {
    (1..=number)
        .map(|line| StepRecord {
            file: "scenarios/forge-login.yaml".into(),
            line,
            kind: "get".into(),
            title: "get /forge/".into(),
            outcome: Outcome::Passed,
            reason: None,
            duration_ms: 12.0,
            attempts: 1,
            failures: Vec::new(),
            trace: vec![exchange("/forge/", 200, &[("Content-Type", "text/html; charset=utf-8")], 14_000)],
            websocket: None,
            oauth: None,
            git: None,
            assets: None,
        })
        .collect()
}

fn exchange(path: &str, status: u16, headers: &[(&str, &str)], body_bytes: u64) -> Exchange {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Exchange {
        request: RequestRecord {
            method: "GET".into(),
            url: format!("{SITE}{path}"),
            headers: Vec::new(),
            body_bytes: 0,
        },
        response: Some(ResponseRecord {
            status,
            headers,
            set_cookies: Vec::new(),
            body_bytes,
            body_excerpt: None,
            arrival: None,
        }),
        error: None,
        duration_ms: 3.21,
    }
}

fn lost_prefix() -> (StepRecord, Vec<Diagnostic>) {
    let source = Source::new("scenarios/forge-login.yaml", LOGIN);
    let start = LOGIN.find("{ starts").expect("it is there");
    let end = LOGIN.trim_end().len();
    let span = Span { start, end, line: 7, column: 12 };
    let diagnostic = Diagnostic::at(&source, span, "the final URL is not under the forge's prefix")
        .expected(format!("starts with `{SITE}/forge/`"))
        .found(format!("`{SITE}/user/login`"))
        .help("look at the hop of the trace where /forge is lost");
    let mut redirect = exchange("/forge/user/login", 303, &[("Location", "/user/login")], 0);
    if let Some(response) = &mut redirect.response {
        response.set_cookies = vec![SetCookie {
            name: "i_like_gitea".into(),
            path: Some("/forge".into()),
            domain: None,
            http_only: true,
            secure: false,
            same_site: Some("Lax".into()),
            deleted: false,
            refused: None,
        }];
    }
    let failure = Failure {
        message: diagnostic.message.clone(),
        file: source.name.clone(),
        line: span.line,
        column: span.column,
        expected: diagnostic.expected.clone(),
        found: diagnostic.found.clone(),
        help: diagnostic.help.clone(),
        rendered: diagnostic.render(false),
        kind: FailureKind::Expectation,
    };
    let step = StepRecord {
        line: 3,
        title: "get /forge/user/login".into(),
        outcome: Outcome::Failed,
        attempts: 3,
        failures: vec![failure],
        // An empty 200: what Caddy answers where nothing matches.
        trace: vec![redirect, exchange("/user/login", 200, &[], 0)],
        assets: None,
        ..steps(1).remove(0)
    };
    (step, vec![diagnostic])
}
