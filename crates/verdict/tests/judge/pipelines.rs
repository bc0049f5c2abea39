//! From a push to a pipeline: the webhook's address, its delivery, and who takes the work.

use verdict::evidence::{Evidence, Restart, Way};
use verdict::fix::Change;

use crate::build::trouble;
use crate::scene::{broke, codes, get, logged, only, probed, scene, url, waited, went};

/// A push for which no pipeline comes, with the webhook as the forge has it.
fn untold(hook: &str) -> Evidence {
    let hooks =
        format!(r#"[{{"id":1,"config":{{"content_type":"json","url":"{hook}?access_token=***"}},"active":true}}]"#);
    let list = get("/forge/api/v1/repos/u/p/hooks", 200).body("application/json", &hooks);
    let none = get("/ci/api/repos/1/pipelines", 200).body("application/json", "[]");
    scene(vec![
        went(vec![list]),
        waited(broke(vec![none], "the JSON at `$[0].event` is not what was expected", "nothing")),
    ])
}

/// A pipeline with this status, asked for again and again.
fn pipeline(status: &str) -> Evidence {
    let body = format!(r#"{{"id":1,"number":1,"status":"{status}","workflows":[]}}"#);
    let hop = get("/ci/api/repos/1/pipelines/1", 200).body("application/json", &body);
    scene(vec![waited(broke(vec![hop], "the JSON at `$.status` is not what was expected", status))])
}

fn setting(service: &str, name: &str, value: &str) -> Vec<Change> {
    vec![Change::Setting { service: service.into(), name: name.into(), value: Some(value.into()) }]
}

#[test]
fn a_webhook_that_leads_elsewhere() {
    for hook in [
        url("/api/hook"),
        "http://woodpecker:8000/api/hook".to_owned(),
        "https://edge.test:8080/ci/api/hook".to_owned(),
        url("/cinema/api/hook"),
        "http://ci.internal:8000/ci/api/hook".to_owned(),
    ] {
        let finding = only(&untold(&hook), "hook/misdirected");
        assert!(finding.cause.contains(&hook) && finding.cause.contains(&url("/ci/api/hook")), "{}", finding.cause);
        assert_eq!(finding.fix.unwrap().changes, setting("ci", "WOODPECKER_EXPERT_WEBHOOK_HOST", &url("/ci")));
    }
}

#[test]
fn a_webhook_that_is_not_delivered() {
    let finding = only(&untold(&url("/ci/api/hook")), "hook/denied");
    assert!(finding.cause.contains("may not call edge.test, or doesn't reach it"), "{}", finding.cause);
    let allowed = setting("forge", "GITEA__webhook__ALLOWED_HOST_LIST", "external,edge.test");
    assert_eq!(finding.fix.unwrap().changes, allowed);
    let line = "Unable to deliver webhook task[3]: webhook can only call allowed HTTP servers, deny 'edge.test(172.18.0.2:8080)'";
    let finding = only(&logged(untold(&url("/ci/api/hook")), "forge", line), "hook/denied");
    assert!(finding.cause.contains("log says that it may not call edge.test"), "{}", finding.cause);
    assert_eq!(finding.fix.unwrap().changes, allowed);
    let line = "Unable to deliver webhook task[3]: deny 'ci(172.18.0.5:8000)'";
    let finding = only(&logged(untold("http://ci:8000/ci/api/hook"), "forge", line), "hook/denied");
    assert_eq!(finding.fix.unwrap().changes, setting("forge", "GITEA__webhook__ALLOWED_HOST_LIST", "external,ci"));
    // It may, and gets nowhere: the list isn't to be touched.
    let line = "Unable to deliver webhook task[3]: dial tcp 172.18.0.2:8080: connect: connection refused";
    let finding = only(&logged(untold(&url("/ci/api/hook")), "forge", line), "hook/denied");
    assert!(finding.fix.unwrap().changes.is_empty());
}

#[test]
fn without_a_webhook_or_with_a_pipeline_nothing_is_said_of_webhooks() {
    let other = untold("http://elsewhere.test/notify");
    assert_eq!(codes(&other), ["unexplained"]);
    let mut running = untold(&url("/api/hook"));
    running.journeys[0].steps[1].trace[0].response.as_mut().unwrap().body_excerpt = Some(r#"[{"id":1}]"#.into());
    assert_eq!(codes(&running), ["unexplained"]);
    let mut at_once = untold(&url("/api/hook"));
    at_once.journeys[0].steps[1].attempts = 1;
    assert_eq!(codes(&at_once), ["unexplained"]);
}

#[test]
fn pipelines_that_nobody_takes() {
    let evidence = pipeline("pending");
    let finding = only(&evidence, "ci/no-agent");
    assert_eq!(finding.fix.unwrap().changes, setting("ci-agent", "WOODPECKER_SERVER", "ci:9000"));
    // The server's name is the one at which the edge finds it; an address of loopback is none.
    for (asked, server) in [("http://woodpecker:8000/healthz", "woodpecker:9000"), ("http://127.0.0.1:3/", "ci:9000")] {
        let finding = only(&probed(evidence.clone(), "ci", Way::Direct, get(asked, 204)), "ci/no-agent");
        assert_eq!(finding.fix.unwrap().changes, setting("ci-agent", "WOODPECKER_SERVER", server));
    }
    // What Woodpecker 3.17's says of a server that isn't there.
    let line = r#"{"level":"warn","error":"authenticate with server: rpc error: code = Unavailable desc = connection refused"}"#;
    let finding = only(&logged(evidence.clone(), "ci-agent", line), "ci/no-agent");
    assert!(finding.cause.contains("doesn't reach the server, as its log says"), "{}", finding.cause);
    assert_eq!(finding.fix.unwrap().changes, setting("ci-agent", "WOODPECKER_SERVER", "ci:9000"));
    let line = r#"{"level":"fatal","error":"agent could not auth: individual agent not found by token"}"#;
    let finding = only(&logged(evidence, "ci-agent", line), "ci/no-agent");
    assert!(finding.cause.contains("secret"), "{}", finding.cause);
    assert!(finding.fix.unwrap().changes.is_empty());
}

#[test]
fn an_agent_that_gives_up_and_is_started_anew_is_a_matter_of_its_settings() {
    let line = r#"{"level":"fatal","error":"cannot connect to edge.test:8080: 404 Not Found"}"#;
    let restarted = |mut evidence: Evidence, service: &str| {
        evidence.restarts.push(Restart { service: service.into(), log: vec![line.into()] });
        evidence
    };
    let evidence = restarted(logged(pipeline("pending"), "ci-agent", line), "ci-agent");
    assert_eq!(codes(&evidence), ["ci/no-agent"]);
    // Where the server was away too, or the agent doesn't say that it is kept out, it is the restart's doing.
    assert_eq!(codes(&restarted(evidence, "ci")), ["stack/service-restarted"; 2]);
    assert_eq!(codes(&restarted(pipeline("pending"), "ci-agent")), ["stack/service-restarted"]);
}

#[test]
fn a_pipeline_that_was_taken_is_no_agent_s_fault() {
    for status in ["running", "failure", "error", "blocked"] {
        assert_eq!(codes(&pipeline(status)), ["unexplained"], "{status}");
    }
}

#[test]
fn an_agent_that_is_not_running_is_the_stack_s_trouble() {
    let mut evidence = pipeline("pending");
    evidence.troubles = vec![trouble(Some("ci-agent"), "the agent died")];
    only(&evidence, "stack/service-died");
}
