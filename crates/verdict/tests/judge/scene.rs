//! Made-up exchanges, sign-ins and journeys, put together piece by piece.

use verdict::evidence::{
    AuthorizationRequest, AuthorizationResponse, Evidence, Exchange, FailureKind, Journey, Landing, OAuthPhase,
    OAuthPhaseKind, OAuthRecord, Outcome, Probe, RequestRecord, ResponseRecord, ServiceFacts, ServiceKind, ServiceLog,
    SetCookie, StackKind, StateComparison, StepRecord, Way,
};
use verdict::{Class, Finding, judge};

use crate::build::{SITE, evidence, failure, journey, step};

/// `http://edge.test:8080/forge/x` of `/forge/x`; a whole URL as it is.
pub(crate) fn url(target: &str) -> String {
    if target.starts_with('/') { format!("{SITE}{target}") } else { target.to_owned() }
}

/// An exchange, to be furnished.
#[derive(Debug, Clone)]
pub(crate) struct Hop(pub(crate) Exchange);

/// `GET` of this, answered with this status.
pub(crate) fn get(target: &str, status: u16) -> Hop {
    asked("GET", target, status)
}

pub(crate) fn asked(method: &str, target: &str, status: u16) -> Hop {
    let request = RequestRecord { method: method.into(), url: url(target), headers: Vec::new(), body_bytes: 0 };
    // Something that only it says: an empty answer, or one that another address gives as well, would be nobody's.
    let text = format!("the content of {target}");
    let response = ResponseRecord {
        status,
        headers: vec![("Content-Type".into(), "text/html".into())],
        set_cookies: Vec::new(),
        body_bytes: text.len() as u64,
        body_excerpt: Some(text),
        arrival: None,
    };
    Hop(Exchange { request, response: Some(response), error: None, duration_ms: 1.0 })
}

impl Hop {
    fn response(&mut self) -> &mut ResponseRecord {
        self.0.response.as_mut().expect("a hop is answered")
    }

    /// With these cookies, by name.
    /// Asked at this address, as it was written.
    pub(crate) fn at(mut self, url: &str) -> Self {
        self.0.request.url = url.to_owned();
        self
    }

    pub(crate) fn sends(mut self, names: &[&str]) -> Self {
        let pairs: Vec<String> = names.iter().map(|name| format!("{name}=***")).collect();
        self.0.request.headers.push(("Cookie".into(), pairs.join("; ")));
        self
    }

    /// With this field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.request.headers.push((name.into(), value.into()));
        self
    }

    /// Answered with this field.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.response().headers.push((name.into(), value.into()));
        self
    }

    /// Answered with this content.
    pub(crate) fn body(mut self, kind: &str, text: &str) -> Self {
        self.response().headers.retain(|(name, _)| name != "Content-Type");
        let response = self.response();
        response.headers.push(("Content-Type".into(), kind.into()));
        response.body_bytes = text.len() as u64;
        response.body_excerpt = Some(text.into());
        self
    }

    /// Answered without content, and without saying of what type.
    pub(crate) fn empty(mut self) -> Self {
        let response = self.response();
        response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        (response.body_bytes, response.body_excerpt) = (0, None);
        self
    }

    /// Which sets a cookie.
    pub(crate) fn sets(mut self, cookie: SetCookie) -> Self {
        self.response().set_cookies.push(cookie);
        self
    }
}

/// `name=…; Path=path; HttpOnly; SameSite=Lax`
pub(crate) fn cookie(name: &str, path: &str) -> SetCookie {
    SetCookie {
        name: name.into(),
        path: Some(path.into()),
        domain: None,
        http_only: true,
        secure: false,
        same_site: Some("Lax".into()),
        deleted: false,
        refused: None,
    }
}

/// A step that passed with these exchanges.
pub(crate) fn went(hops: Vec<Hop>) -> StepRecord {
    let mut step = step("scene", SITE, Some(200), FailureKind::Expectation, "");
    step.outcome = Outcome::Passed;
    step.failures.clear();
    step.trace = hops.into_iter().map(|hop| hop.0).collect();
    step
}

/// One that didn't, with this message and what was found.
pub(crate) fn broke(hops: Vec<Hop>, message: &str, found: &str) -> StepRecord {
    let mut step = went(hops);
    step.outcome = Outcome::Failed;
    let mut failure = failure("scenarios/scene.yaml", FailureKind::Expectation, message);
    failure.found = Some(found.into());
    step.failures = vec![failure];
    step
}

/// A step that was tried again and again.
pub(crate) fn waited(mut step: StepRecord) -> StepRecord {
    step.attempts = 50;
    step
}

pub(crate) fn tour(name: &str, steps: Vec<StepRecord>) -> Journey {
    let failed = steps.iter().any(|step| step.outcome == Outcome::Failed);
    journey(name, if failed { Outcome::Failed } else { Outcome::Passed }, steps)
}

/// The evidence of journeys on containers, with the services that the stack of tests has.
pub(crate) fn seen(journeys: Vec<Journey>) -> Evidence {
    let mut evidence = evidence(StackKind::Containers, journeys);
    if let Some(stack) = &mut evidence.stack {
        let service =
            |name: &str| ServiceFacts { name: name.into(), kind: ServiceKind::Image, image: None, version: None };
        stack.services.extend(["ci-agent", "staging", "echo"].map(service));
    }
    evidence
}

/// The evidence of one journey.
pub(crate) fn scene(steps: Vec<StepRecord>) -> Evidence {
    seen(vec![tour("scene", steps)])
}

pub(crate) fn logged(mut evidence: Evidence, service: &str, line: &str) -> Evidence {
    evidence.logs.push(ServiceLog { service: service.into(), lines: vec!["GET / 200".into(), line.into()] });
    evidence
}

pub(crate) fn probed(mut evidence: Evidence, service: &str, way: Way, hop: Hop) -> Evidence {
    evidence.probes.push(Probe { service: service.into(), way, asks: "it".into(), exchange: hop.0, websocket: None });
    evidence
}

/// All findings but notes.
pub(crate) fn found(evidence: &Evidence) -> Vec<Finding> {
    judge(evidence).findings.into_iter().filter(|finding| finding.class != Class::Note).collect()
}

/// Their codes.
pub(crate) fn codes(evidence: &Evidence) -> Vec<String> {
    found(evidence).into_iter().map(|finding| finding.code).collect()
}

/// The only finding, which must have this code.
pub(crate) fn only(evidence: &Evidence, code: &str) -> Finding {
    let findings = found(evidence);
    assert_eq!(findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), [code], "{findings:#?}");
    findings.into_iter().next().expect("there is one")
}

/// A sign-in at the CI by way of the forge that comes to a good end.
pub(crate) fn phase(kind: OAuthPhaseKind) -> OAuthPhase {
    OAuthPhase {
        kind,
        first_exchange: 0,
        request: Some(AuthorizationRequest {
            endpoint: url("/forge/login/oauth/authorize"),
            sent_by: Some(0),
            response_type: Some("code".into()),
            client_id: true,
            redirect_uri: Some(url("/ci/authorize")),
            scope: None,
            state: true,
        }),
        sign_in_asked: true,
        consent_asked: false,
        response: Some(AuthorizationResponse {
            to: url("/ci/authorize"),
            sent_by: Some(1),
            code: true,
            state: StateComparison::Same,
            error: None,
        }),
        astray: None,
        landing: Some(Landing {
            url: url("/ci/"),
            status: 200,
            content_type: Some("text/html".into()),
            error: None,
            says: None,
        }),
        session: vec!["user_sess".into()],
    }
}

/// The step of a sign-in that ended in this phase, and failed.
pub(crate) fn danced(phase: OAuthPhase, hops: Vec<Hop>) -> StepRecord {
    let mut step = broke(hops, "the sign-in doesn't come to its end", "something else");
    step.kind = "oauth".into();
    step.oauth = Some(OAuthRecord {
        provider: url("/forge"),
        client: url("/ci"),
        redirect_uri: url("/ci/authorize"),
        phases: vec![phase],
    });
    step
}
