//! What files mean.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scenario::model::{
    Action, AssetsPage, Attack, Awaited, AwaitedKind, Body, CaptureSource, Frames, JsonTemplate, Operand, PartContent,
    Predicate, Service, Subject, TurnAction,
};
use scenario::{Scenario, Source, parse};

fn good(text: &str) -> Scenario {
    match parse(&Source::new("scenarios/x.yaml", text)) {
        Ok(scenario) => scenario,
        Err(diagnostics) => {
            panic!("{}", diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<String>())
        }
    }
}

fn file(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good").join(name);
    good(&std::fs::read_to_string(path).expect("a file"))
}

/// The debugging text without the places and the wrappers of templates.
fn plain(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        let before = rest[..at].trim_end_matches("span: ").trim_end_matches(", ");
        out.push_str(before);
        let end = rest[at..].find('}').expect("a brace");
        rest = rest[at + end + 1..].trim_start_matches(", ");
        if !rest.starts_with([' ', '}', ')']) {
            out.push_str(", ");
        }
    }
    out.push_str(rest);
    out
}

#[test]
fn every_expectation_has_its_subject_and_predicate() {
    let scenario = file("everything.yaml");
    let source = Arc::clone(&scenario.source);
    let shown: Vec<String> = scenario.steps[0]
        .expect
        .iter()
        .map(|expectation| {
            let subject = plain(&expectation.subject);
            format!("{}\n  {subject}\n  {}", source.slice(expectation.span), plain(&expectation.predicate))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn captures_say_where_values_come_from() {
    let scenario = file("everything.yaml");
    let shown: Vec<String> = scenario.steps[0].capture.iter().map(plain).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn the_top_of_a_file() {
    let scenario = file("everything.yaml");
    assert_eq!(scenario.name.value, "Everything");
    assert_eq!(scenario.description.as_deref(), Some("Each key at least once.\n"));
    assert_eq!(scenario.tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>(), ["all", "of it"]);
    assert_eq!(scenario.timeout.as_ref().map(|timeout| timeout.value), Some(Duration::from_secs(120)));
    assert!(scenario.when.writes && scenario.when.modes.len() == 1 && scenario.when.stacks.len() == 2);
    assert_eq!(scenario.services().into_iter().collect::<Vec<_>>(), [Service::Forge, Service::Ci]);
    let vars: Vec<_> = scenario.vars.iter().map(|(name, value)| (name.value.as_str(), value.value.literal())).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(vars, [("user", text("admin")), ("port", text("8080")), ("on", text("true")), ("greeting", None)]);
}

#[test]
fn requests() {
    let scenario = file("everything.yaml");
    let requests: Vec<_> = scenario
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Request(request) => Some(request),
            _ => None,
        })
        .collect();
    let methods: Vec<&str> = requests.iter().map(|request| request.method.value.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"]);
    let get = requests[0];
    let header = |index: usize| (get.headers[index].0.value.as_str(), get.headers[index].1.value.literal());
    assert_eq!(header(1), ("X-Number", Some("007".to_owned())));
    assert_eq!((header(2).0, header(3)), ("X-Two", ("X-Two", None)));
    let query: Vec<_> = get.query.iter().map(|(_, value)| value.value.literal().expect("a literal")).collect();
    assert_eq!(query, ["a b", "1", "2.50", "false"]);
    match &requests[2].body {
        Body::Json(json) => {
            let value = json.value.render(&|name| Some(format!("<{name}>"))).expect("values");
            assert_eq!(
                value.to_string(),
                r#"{"text":"<user>","list":[1,null,{"deep":"${literal} <id>"}],"true":"yes"}"#
            );
        }
        other => panic!("{other:?}"),
    }
    match &requests[3].body {
        Body::Multipart(parts) => {
            assert_eq!(
                parts.iter().map(|part| part.name.value.as_str()).collect::<Vec<_>>(),
                ["plain", "many", "many", "upload"]
            );
            assert!(matches!(&parts[2].content, PartContent::Text(_)) && parts[2].filename.is_some());
            assert!(matches!(&parts[3].content, PartContent::File(_)) && parts[3].content_type.is_some());
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(&requests[7].body, Body::Text(text) if text.value.variables().count() == 1));
}

#[test]
fn calls_of_apis() {
    let scenario = file("everything.yaml");
    let calls: Vec<_> = scenario
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Api(api) => Some((api, step)),
            _ => None,
        })
        .collect();
    let shown: Vec<String> = calls
        .iter()
        .map(|(api, step)| {
            let (method, target) = (&api.request.method, &api.request.target);
            let place = |span| scenario.source.slice(span);
            let secret = step.action.credentials().map_or("", |secret| place(secret.span));
            let kind = api.credentials.as_ref().map(|kind| plain(kind).split('(').next().map(str::to_owned));
            format!("{} {} [{}] {:?} {secret}", method.value, place(target.span), place(method.span), kind.flatten())
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn sign_ins() {
    let of = |scenario: &Scenario| {
        let oauth = |step: &scenario::model::Step| match &step.action {
            Action::OAuth(oauth) => Some((**oauth).clone()),
            _ => None,
        };
        scenario.steps.iter().find_map(oauth).expect("a sign-in")
    };
    let full = file("everything.yaml");
    let oauth = of(&full);
    let cookies: Vec<_> =
        oauth.session.iter().map(|cookie| (full.source.slice(cookie.name.span), cookie.expect.len())).collect();
    assert_eq!(cookies, [("user_sess", 2), ("\"${user}_last\"", 1)]);
    let refused: Vec<_> = oauth.refuses.iter().map(|refusal| (refusal.attack, refusal.expect.len())).collect();
    assert_eq!(refused, [(Attack::ForgedState, 2), (Attack::AnotherBrowser, 0)]);
    assert!(!oauth.again && oauth.client.is_some() && oauth.sign_in.is_some() && oauth.consent.is_some());
    let least = of(&file("sign-in.yaml"));
    let refused: Vec<_> = least.refuses.iter().map(|refusal| refusal.attack).collect();
    assert_eq!(refused, [Attack::ForgedState, Attack::Error]);
    assert!(least.again && least.client.is_none() && least.sign_in.is_none() && least.consent.is_none());
}

#[test]
fn steps() {
    let scenario = file("everything.yaml");
    let first = &scenario.steps[0];
    assert_eq!((first.span.line, first.span.column), (11, 5));
    assert_eq!(first.follow.map(|follow| follow.max_hops), Some(5));
    let retry = first.retry.as_ref().expect("a retry");
    assert_eq!((retry.within.value, retry.every), (Duration::from_secs(30), Duration::from_millis(250)));
    assert_eq!(scenario.steps[1].follow.map(|follow| follow.max_hops), Some(20));
    assert!(scenario.steps[3].follow.is_none() && scenario.steps[4].follow.is_none());
    let keywords: Vec<String> = scenario.steps.iter().map(|step| step.action.keyword()).collect();
    let requests = ["get", "submit", "use", "post", "put", "patch", "delete", "options", "head", "propfind"];
    assert_eq!(keywords[..requests.len()], requests);
    assert_eq!(
        keywords[requests.len()..],
        ["api", "api", "api", "api", "api", "oauth", "git", "git", "assets", "closed", "assets"]
    );
}

#[test]
fn variables_that_come_from_outside() {
    let scenario = file("everything.yaml");
    let variables = scenario.variables();
    let mut names: Vec<&str> = variables.iter().map(|(name, _)| *name).collect();
    names.dedup();
    // `user` is declared; `token` and `id` are captured before they are used.
    let outer = ["forge", "password", "forge", "floor", "password", "payload", "ci"];
    assert_eq!(names[..outer.len()], outer);
    let later = [
        "ci_token",
        "ci",
        "forge_token",
        "password",
        "ci",
        "csrf",
        "ci",
        "forge",
        "ci",
        "password",
        "ci",
        "forge",
        "password",
        "forge",
        "ci",
        "forge",
        "password",
    ];
    assert_eq!(names[outer.len()..], later);
    for (name, span) in variables {
        assert_eq!(scenario.source.slice(span), format!("${{{name}}}"));
        let line = scenario.source.text.lines().nth(span.line - 1).expect("the line");
        let rest: String = line.chars().skip(span.column - 1).collect();
        assert!(rest.starts_with(&format!("${{{name}}}")), "{name} in {line}");
    }
}

#[test]
fn a_variable_is_found_in_any_style_of_text() {
    let text = "name: x\nsteps:\n  - post: '/it''s/${a}'\n    body: \"tab\\t ${b} \\u00e9 ${c}\"\n  - post: /\n    body: |\n      one ${d}\n        two ${e}\n  - post: /\n    body: >-\n      folded ${f}\n      more\n  - post: /\n    body: plain\n      ${g} on\n  - post: /\n    body: \"\\x24{h}\"\n";
    let scenario = good(text);
    let found: Vec<(&str, &str)> =
        scenario.variables().iter().map(|(name, span)| (*name, scenario.source.slice(*span))).collect();
    let expected = [
        ("a", "${a}"),
        ("b", "${b}"),
        ("c", "${c}"),
        ("d", "${d}"),
        ("e", "${e}"),
        ("f", "${f}"),
        ("g", "${g}"),
        ("h", "\"\\x24{h}\""),
    ];
    assert_eq!(found, expected);
}

#[test]
fn words_in_quotes_are_text() {
    let scenario = good(
        "name: x\nsteps:\n  - get: /\n    expect: { headers: { A: exists, B: 'exists', C: { equals: absent } } }\n",
    );
    let predicates: Vec<&Predicate> =
        scenario.steps[0].expect.iter().map(|expectation| &expectation.predicate).collect();
    assert!(matches!(predicates[0], Predicate::Exists(true)));
    assert!(matches!(predicates[1], Predicate::Equals(operand) if matches!(&operand.value, Operand::Text(_))));
    assert!(matches!(predicates[2], Predicate::Equals(operand) if matches!(&operand.value, Operand::Text(_))));
}

#[test]
fn header_names_are_in_lower_case_and_media_types_too() {
    let scenario = good(
        "name: x\nsteps:\n  - get: /\n    expect: { headers: { X-A: b }, content_type: Text/HTML }\n    capture: { a: { header: LOCATION } }\n",
    );
    let step = &scenario.steps[0];
    assert!(matches!(&step.expect[0].subject, Subject::Header(name) if name == "x-a"));
    assert!(matches!(&step.capture[0].from, CaptureSource::Header(name) if name.value == "location"));
    match &step.expect[1].predicate {
        Predicate::Equals(operand) => assert!(plain(&operand.value).contains("text/html")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn large_integers_stay_exact() {
    let scenario =
        good("name: x\nsteps:\n  - get: /\n    expect: { json: { $.a: 9007199254740993, $.b: 9007199254740992 } }\n");
    let operands: Vec<&Operand> = scenario.steps[0]
        .expect
        .iter()
        .map(|expectation| match &expectation.predicate {
            Predicate::Equals(operand) => &operand.value,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        matches!(operands[0], Operand::Json(JsonTemplate::Literal(number)) if number.as_u64() == Some(9_007_199_254_740_993))
    );
    assert!(matches!(operands[1], Operand::Number(number) if *number == 9007199254740992.0));
}

#[test]
fn anchors_repeat_what_they_stand_for() {
    let scenario = file("anchors.yaml");
    assert_eq!(scenario.steps.len(), 3);
    assert!(scenario.steps.iter().all(|step| step.expect.len() == 1));
}

#[test]
fn byte_order_marks_and_foreign_line_ends_are_fine() {
    for text in [
        "\u{feff}name: x\nsteps:\n  - get: /a\n",
        "name: x\r\nsteps:\r\n  - get: /a\r\n",
        "name: x\rsteps:\r  - get: /a\r",
    ] {
        let scenario = good(text);
        let Action::Request(request) = &scenario.steps[0].action else { panic!("not a request") };
        assert_eq!(scenario.source.slice(request.target.span), "/a");
        assert_eq!((request.target.span.line, request.target.span.column), (3, 10), "{text:?}");
    }
}

#[test]
fn all_that_a_websocket_has() {
    let scenario = file("websocket.yaml");
    let needed: Vec<&str> = scenario.variables().into_iter().map(|(name, _)| name).collect();
    assert_eq!(needed, ["chat", "password", "floor"]);
    let actions: Vec<String> = scenario.steps.iter().map(|step| step.action.keyword()).collect();
    assert_eq!(actions, ["websocket"; 6]);
    let Action::WebSocket(socket) = &scenario.steps[1].action else { panic!("no WebSocket") };
    assert_eq!(socket.without.iter().map(|name| name.value.as_str()).collect::<Vec<_>>(), ["cookie", "user-agent"]);
    assert_eq!((socket.subprotocols.len(), socket.dialogue.len(), socket.headers.len()), (2, 17, 3));
    let captured: Vec<&str> = scenario.steps[1].captures().map(|capture| capture.name.value.as_str()).collect();
    assert_eq!(captured, ["id", "all", "part", "chosen"]);
    let awaited: Vec<&Awaited> = socket
        .dialogue
        .iter()
        .filter_map(|turn| match &turn.action {
            TurnAction::Await(awaited) => Some(&**awaited),
            _ => None,
        })
        .collect();
    assert_eq!(awaited[4].within.as_ref().map(|within| within.value), Some(Duration::from_secs(2)));
    assert!(awaited[5].skip && awaited[5].expect.len() == 2);
    assert!(matches!(awaited[8].frames, Frames::Exactly(5)) && awaited[8].spread.is_some());
    assert!(matches!(&awaited[9].frames, Frames::Until { last, number: Some(_) } if last.len() == 1));
    assert_eq!((awaited[7].kind, awaited[10].kind), (AwaitedKind::Pong, AwaitedKind::Close));
}

#[test]
fn assets() {
    let scenario = file("everything.yaml");
    let steps: Vec<_> = scenario
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Assets(assets) => Some((step, assets)),
            _ => None,
        })
        .collect();
    let (step, assets) = steps[0];
    assert!(matches!(&assets.page, AssetsPage::At(target) if target.value.variables().count() == 1));
    assert_eq!((assets.ignore.len(), assets.origins.len(), assets.limit), (2, 1, Some(50)));
    assert!(assets.under.is_some() && assets.headers.len() == 1 && assets.basic_auth.is_some());
    assert_eq!(step.prerequisite.as_ref().map(|reason| reason.value.as_str()), Some("there is a dashboard here"));
    let aspects: Vec<String> = step.expect.iter().map(|expectation| format!("{:?}", expectation.subject)).collect();
    assert_eq!(
        aspects,
        ["Status", "Count", "Scripts", "Styles", "Images", "Fonts", "Broken", "Notes", "Urls", "Duration"]
            .map(|name| if name == "Status" { name.to_owned() } else { format!("Assets({name})") })
    );
    assert!(matches!(steps[1].1.page, AssetsPage::Last) && steps[1].1.limit.is_none());
    let variables: Vec<&str> = step.variables().into_iter().map(|(name, _)| name).collect();
    assert_eq!(variables, ["ci", "ci", "forge", "password"]);
}
