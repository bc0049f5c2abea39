//! Steps `websocket`: what holds of a server that is well, and how those that misbehave are named.

use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

use crate::program::{Program, filtered, shown};
use crate::sockets;

/// What came of a run.
struct Walked {
    exit: Option<i32>,
    answer: String,
    report: Value,
}

/// Walks a scenario of these steps each, named by its place.
fn walk(origin: &str, scenarios: &[&str]) -> Walked {
    let mut program = Program::new(&["--base-url", origin, "--jobs", "8", "all"]);
    for (number, steps) in scenarios.iter().enumerate() {
        program = program.file(&format!("all/{number:02}.yaml"), format!("name: Journey {number}\nsteps:\n{steps}"));
    }
    let output = program.output();
    let report = program.find("reports/latest/report.json");
    Walked {
        exit: output.status.code(),
        answer: shown(&output),
        report: report.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap()),
    }
}

impl Walked {
    fn passed(self) -> Self {
        assert_eq!(self.exit, Some(0), "{}", self.answer);
        self
    }

    fn scenarios(&self) -> &[Value] {
        self.report["scenarios"].as_array().unwrap()
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        self.scenarios().iter().flat_map(|scenario| scenario["steps"].as_array().unwrap())
    }

    fn failures(&self) -> Vec<&Value> {
        self.steps().filter_map(|step| step["failures"].as_array()).flatten().collect()
    }

    /// All located errors, times left out.
    fn errors(&self) -> String {
        let rendered: Vec<&str> =
            self.failures().iter().map(|failure| failure["rendered"].as_str().unwrap().trim_end()).collect();
        let text = filtered(&rendered.join("\n\n"));
        let times = Regex::new(r"\b(after|for) [\d.]+m?s\b|[\d.]+m?s after it was open").unwrap();
        times
            .replace_all(&text, |found: &regex::Captures<'_>| match found.get(1) {
                Some(word) => format!("{} [time]", word.as_str()),
                None => "[time] after it was open".to_owned(),
            })
            .into_owned()
    }
}

/// A step with this dialogue.
fn step(path: &str, dialogue: &str) -> String {
    format!("  - websocket: {path}\n    timeout: 10s\n    dialogue: [ {dialogue} ]\n")
}

/// Walks each of these steps in a scenario of its own, all of which must fail; the located errors.
fn fail(origin: &str, steps: &[String]) -> Walked {
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let walked = walk(origin, &steps);
    let outcomes: Vec<&Value> = walked.scenarios().iter().map(|scenario| &scenario["outcome"]).collect();
    assert_eq!(outcomes, vec!["failed"; steps.len()], "{}", walked.answer);
    assert_eq!(walked.failures().len(), steps.len(), "{}", walked.answer);
    walked
}

#[test]
fn a_dialogue_with_all_that_there_is() {
    let walked = walk(
        &sockets::echo(),
        &[r#"
  - websocket: /ws
    subprotocols: [other, echo]
    expect: { status: 101, headers: { Sec-WebSocket-Protocol: echo } }
    dialogue:
      - send: { json: { request: true } }
      - expect: { json: { "$.headers['user-agent'][0]": { starts_with: edge-smoke/ } } }
        capture:
          origin: { json: "$.headers.origin[0]" }
          all: {}
          version: { regex: 'edge-smoke/([0-9]+)', secret: true }
      - send: "from ${origin}, version ${version}"
      - expect: { text: "from ${base_url}, version ${version}" }
      - send: { binary: AAEC }
      - expect: { binary: AAEC }
      - send: one
      - send: two
      - send: { ping: p }
      # The pong is waited for, and what came before it isn't lost.
      - expect: { pong: p }
      - expect: [one, uno]
      - expect: { skip: true, json: { $.frame: 3 }, within: 5s }
        capture: { frame: { json: $.of } }
      - hold: 50ms
      - close: { code: 4000, reason: "bye ${frame}" }
"#
        .replace(
            "      - expect: { skip",
            "      - send: { json: { stream: { frames: 3, every_ms: 1 } } }\n      - expect: { skip",
        )
        .as_str()],
    )
    .passed();
    let socket = &walked.scenarios()[0]["steps"][0]["websocket"];
    assert_eq!(socket["ending"], serde_json::json!({ "how": "closed-by-client", "code": 4000, "reason": "bye 3" }));
    // 7 sent and the close; the handshake, two echoes, one binary, two of text, a pong, three of the stream, the close.
    assert_eq!((&socket["sent"], &socket["received"]), (&8.into(), &10.into()), "{socket:#}");
    assert_eq!(socket["subprotocol"], "echo");
    let times: Vec<f64> =
        socket["frames"].as_array().unwrap().iter().map(|frame| frame["at_ms"].as_f64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_handshake_is_a_browser_s_unless_the_step_says_otherwise() {
    let request = "      - send: { json: { request: true } }\n      - expect:\n          json:\n";
    let seen = |path: &str, value: &str| format!("            \"$.headers['{path}'][0]\": {value}\n");
    let by_default = format!(
        "  - get: /page\n    headers: {{ X: y }}\n  - websocket: /ws?a=b\n    query: {{ c: d }}\n    dialogue:\n{request}\
         \x20           $.target: /ws?a=b&c=d\n{}{}{}{}",
        seen("origin", "\"${base_url}\""),
        seen("user-agent", "exists"),
        seen("accept", "absent"),
        seen("sec-websocket-version", "\"13\""),
    );
    let otherwise = format!(
        "  - websocket: ws://${{host}}:${{port}}/ws\n    headers: {{ Origin: \"https://evil.example\", Cookie: a=b, X-Two: [c, d] }}\n    \
         without: [User-Agent]\n    basic_auth: {{ user: a, password: \"b${{host}}\" }}\n    dialogue:\n{request}{}{}{}{}\
         \x20           \"$.headers['x-two']\": {{ equals: [c, d] }}\n",
        seen("origin", "https://evil.example"),
        seen("cookie", "a=b"),
        seen("user-agent", "absent"),
        seen("authorization", "{ starts_with: Basic }"),
    );
    let refused = "  - websocket: /ws\n    without: [Sec-WebSocket-Key]\n    expect: { status: 400, body: { contains: Sec-WebSocket-Key } }\n  \
                   - websocket: /ws\n    headers: { Sec-WebSocket-Version: 8 }\n    expect: { status: 426, headers: { Sec-WebSocket-Version: \"13\" } }\n  \
                   - websocket: /ws\n    without: [upgrade]\n    expect: { status: 200, json: { $.target: /ws } }\n";
    let origin = sockets::echo();
    let port = origin.rsplit(':').next().unwrap().to_owned();
    let otherwise = otherwise.replace("${port}", &port);
    walk(&origin, &[&by_default, &otherwise, refused]).passed();
}

#[test]
fn cookies_go_along_and_the_page_stays_the_page() {
    let server = crate::server::Server::start();
    let walked = walk(
        &server.origin,
        &[
            "  - get: /token\n  - get: /form\n  - websocket: /ws\n    expect: { status: 200 }\n  - submit: \"#login\"\n    with: { user_name: me }\n",
        ],
    );
    assert_eq!(walked.exit, Some(0), "{}", walked.answer);
    let heads: Vec<String> = server.heads.try_iter().collect();
    let handshake = heads.iter().find(|head| head.starts_with("GET /ws ")).unwrap();
    assert!(handshake.contains(&format!("Origin: {}\r\n", server.origin)), "{handshake}");
    assert!(handshake.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "{handshake}");
    assert!(handshake.contains("Cookie: session=s3cr3t-token-0123\r\n"), "{handshake}");
    assert!(!handshake.contains("Accept:"), "{handshake}");
}

#[test]
fn frames_that_are_not_what_was_expected() {
    let origin = sockets::echo();
    let walked = fail(
        &origin,
        &[
            step("/", "{ send: one }, { expect: two }"),
            step("/", "{ send: one }, { expect: { json: { $.a: 1 } } }"),
            step("/", "{ send: { json: { a: 2 } } }, { expect: { json: { $.a: 1 } } }"),
            step("/", "{ send: one }, { expect: { binary: AAEC } }"),
            step("/", "{ send: { binary: AAEC } }, { expect: { text: exists } }"),
            step("/", "{ send: one }, { send: two }, { expect: two }, { expect: one }"),
            step("/", "{ send: one }, { expect: { close: 1000 } }"),
            step(
                "/",
                "{ send: { json: { close: { code: 4000, reason: no } } } }, { expect: { close: { code: 1000 } } }",
            ),
            step(
                "/",
                "{ send: { json: { close: { code: 4000, reason: no } } } }, { expect: { close: { reason: yes } } }",
            ),
            step("/", "{ send: { json: { close: { code: 1011 } } } }, { expect: answer }"),
            step("/", "{ send: one }, { expect: { within: 100ms }, capture: { a: { json: $.b } } }"),
            step("/", "{ send: one }, { expect: exists, capture: { a: { regex: two } } }"),
        ],
    );
    assert_eq!(walked.exit, Some(1), "{}", walked.answer);
    insta::assert_snapshot!(walked.errors());
}

#[test]
fn streams_that_are_not_what_was_expected() {
    let stream = |every: u32, expect: &str| {
        step(
            "/",
            &format!(
                "{{ send: {{ json: {{ stream: {{ frames: 5, every_ms: {every} }} }} }} }}, {{ expect: {expect} }}"
            ),
        )
    };
    let walked = fail(
        &sockets::echo(),
        &[
            stream(0, "{ frames: 5, spread: { at_least: 200ms } }"),
            stream(50, "{ frames: 5, spread: { at_most: 20ms } }"),
            stream(0, "{ frames: 6, within: 200ms }"),
            stream(0, "{ until: { json: { $.frame: 5 } }, frames: { at_least: 6 } }"),
            stream(0, "{ until: { json: { $.frame: 9 } }, within: 200ms }"),
            stream(0, "{ until: { json: { $.frame: 5 } }, json: { $.frame: { less_than: 4 } } }"),
            stream(0, "{ json: { $.frame: 9 }, skip: true, within: 200ms }"),
        ],
    );
    assert_eq!(walked.exit, Some(1), "{}", walked.answer);
    let spreads = Regex::new(r"found:( +)[\d.]+m?s\b").unwrap();
    insta::assert_snapshot!(spreads.replace_all(&walked.errors(), "found:$1[time]"));
}

#[test]
fn handshakes_that_open_nothing() {
    let origin = sockets::misbehaving();
    let paths = ["/empty", "/page", "/login", "/denied", "/accept", "/bare", "/extension", "/subprotocol", "/cuthead"];
    let steps: Vec<String> = paths.iter().map(|path| step(path, "{ send: x }")).collect();
    let walked = fail(&origin, &steps);
    assert_eq!(walked.exit, Some(1), "{}", walked.answer);
    let keys = Regex::new("[A-Za-z0-9+/]{27}=").unwrap();
    insta::assert_snapshot!(keys.replace_all(&walked.errors(), "[accept]"));
    assert!(walked.steps().all(|step| step["websocket"].is_null()));
    // From outside nobody can tell what a 502 means.
    let walked = fail(&origin, &[step("/gone", "{ send: x }")]);
    assert_eq!(walked.exit, Some(3), "{}", walked.answer);
}

#[test]
fn a_refusal_can_be_what_is_expected() {
    let origin = sockets::misbehaving();
    walk(
        &origin,
        &["  - websocket: /denied\n    expect: { status: 403, body: wrong origin }\n  \
           - websocket: /login\n    expect: { status: 302, headers: { Location: { starts_with: /login } } }\n"],
    )
    .passed();
    // Without a word on the status it must open.
    let walked = fail(&origin, &["  - websocket: /denied\n    expect: { body: wrong origin }\n".to_owned()]);
    assert!(walked.errors().contains("the handshake was refused"), "{}", walked.errors());
}

#[test]
fn frames_out_of_protocol() {
    let paths = [
        "/reserved",
        "/masked",
        "/utf8",
        "/opcode",
        "/continue",
        "/interrupt",
        "/fragmentedping",
        "/longping",
        "/badclose",
        "/oversize",
    ];
    let steps: Vec<String> = paths.iter().map(|path| step(path, "{ expect: exists }")).collect();
    let walked = fail(&sockets::misbehaving(), &steps);
    assert_eq!(walked.exit, Some(1), "{}", walked.answer);
    insta::assert_snapshot!(walked.errors());
    let endings: Vec<&str> = walked.steps().map(|step| step["websocket"]["ending"]["how"].as_str().unwrap()).collect();
    assert_eq!(endings, [&["broken"; 9][..], &["too-large"]].concat());
}

#[test]
fn connections_that_end() {
    let origin = sockets::misbehaving();
    let steps = [
        step("/cut", "{ expect: one }, { hold: 2s }"),
        step("/cut", "{ expect: one }, { expect: two }"),
        step("/cutmid", "{ expect: exists }"),
        step("/away", "{ hold: 2s }"),
        step("/away", "{ expect: exists }"),
        step("/nocode", "{ expect: { close: 1000 } }"),
    ];
    let walked = fail(&origin, &steps);
    assert_eq!(walked.exit, Some(1), "{}", walked.answer);
    insta::assert_snapshot!(walked.errors());
    walk(
        &origin,
        &[
            &step("/away", "{ expect: { close: { code: 1001, reason: restarting } } }"),
            &step("/nocode", "{ expect: { close: 1005 } }"),
            &step("/hello", "{ expect: { close: 1000, skip: true, within: 5s } }")
                .replace("/hello", "/away")
                .replace("1000", "1001"),
        ],
    )
    .passed();
}

#[test]
fn a_server_that_says_nothing_is_never_a_success() {
    let origin = sockets::misbehaving();
    // What the scenario says of the server's time is about the server …
    let walked = fail(&origin, &[step("/silent", "{ send: x }, { expect: { within: 200ms } }")]);
    assert_eq!((walked.exit, &walked.failures()[0]["kind"]), (Some(1), &"expectation".into()), "{}", walked.answer);
    insta::assert_snapshot!("silent_within", walked.errors());
    // … and a deadline of our own is not.
    let patient = |dialogue: &str| step("/silent", dialogue).replace("10s", "300ms");
    let walked = fail(&origin, &[patient("{ send: x }, { expect: exists }"), patient("{ send: x }, { close: 1000 }")]);
    let kinds: Vec<&Value> = walked.failures().iter().map(|failure| &failure["kind"]).collect();
    assert_eq!((walked.exit, kinds), (Some(3), vec![&"timeout".into(); 2]), "{}", walked.answer);
    insta::assert_snapshot!("silent_timeout", walked.errors());
    let endings: Vec<&Value> = walked.steps().map(|step| &step["websocket"]["ending"]["how"]).collect();
    assert_eq!(endings, ["still-open"; 2]);
    let walked = fail(&origin, &[step("/never", "{ send: x }").replace("10s", "300ms")]);
    assert_eq!((walked.exit, &walked.failures()[0]["kind"]), (Some(3), &"timeout".into()), "{}", walked.answer);
}

/// Whatever a server sends without end, time and memory have one.
#[test]
fn floods_are_bounded() {
    let origin = sockets::misbehaving();
    let began = Instant::now();
    let walked = fail(
        &origin,
        &[
            step("/flood", "{ hold: 60s }").replace("10s", "90s"),
            step("/fill", "{ expect: exists }"),
            step("/fragments", "{ expect: { within: 300ms } }"),
            step("/pings", "{ expect: { within: 300ms } }"),
            step("/flood", "{ expect: { text: y, skip: true, within: 300ms } }"),
        ],
    );
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    let kinds: Vec<&Value> = walked.failures().iter().map(|failure| &failure["kind"]).collect();
    assert_eq!(kinds, ["too-large", "too-large", "expectation", "expectation", "expectation"], "{}", walked.answer);
    for step in walked.steps() {
        let frames = step["websocket"]["frames"].as_array().unwrap().len();
        assert!(frames <= 200, "{frames}");
    }
    // Quiet otherwise, a server that pings without end holds the connection open.
    walk(&origin, &[&step("/pings", "{ hold: 300ms }")]).passed();
}

#[test]
fn secrets_never_reach_the_report() {
    let origin = sockets::echo();
    let steps = "  - websocket: /\n    dialogue:\n      - send: \"the word is open-sesame-42\"\n      - expect: { text: { contains: word } }\n        \
                 capture: { word: { regex: \"is (.*)\", secret: true } }\n      - send: \"${word}!\"\n      - expect: other\n";
    let walked = fail(&origin, &[steps.to_owned()]);
    // The scenario's own line holds it; it is blanked out there too.
    let text = format!("{}{}", walked.answer, walked.report);
    assert!(!text.contains("open-sesame-42") && text.contains("***"), "{text}");
}

#[test]
fn what_can_t_be_sent_is_the_scenario_s_mistake() {
    let long = "x".repeat(126);
    let walked = walk(
        &sockets::echo(),
        &[
            &format!(
                "  - get: /{long}\n    capture: {{ long: {{ json: $.target }} }}\n{}",
                step("/", "{ send: { ping: \"${long}\" } }")
            ),
            &format!(
                "  - get: /{long}\n    capture: {{ long: {{ json: $.target }} }}\n{}",
                step("/", "{ close: { code: 4000, reason: \"${long}\" } }")
            ),
            &format!(
                "  - get: /{long}\n    capture: {{ long: {{ json: $.target }} }}\n{}",
                step("/", "{ send: { binary: \"${long}\" } }")
            ),
        ],
    );
    let kinds: Vec<&Value> = walked.failures().iter().map(|failure| &failure["kind"]).collect();
    assert_eq!(kinds, ["scenario"; 3], "{}", walked.answer);
    let errors = walked.errors();
    for words in ["a ping holds no more than 125 bytes", "a close frame holds no more than 123 bytes"] {
        assert!(errors.contains(words), "{errors}");
    }
}

/// More than the buffers on the way hold, sent before anything is read: who doesn't read meanwhile waits for ever.
#[test]
fn large_messages_in_both_directions() {
    let third = "x".repeat(300_000);
    let scenario = format!(
        "name: Large\nvars: {{ third: {third} }}\nsteps:\n  - websocket: /\n    timeout: 20s\n    dialogue:\n{}      - expect: {{ frames: 8, text: \"${{third}}${{third}}${{third}}\" }}\n",
        "      - send: \"${third}${third}${third}\"\n".repeat(8)
    );
    let origin = sockets::echo();
    let output = Program::new(&["--base-url", &origin, "large.yaml"]).file("large.yaml", scenario).output();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}

#[test]
fn a_step_is_tried_again_until_its_frames_are_right() {
    let steps = "  - websocket: /ws\n    retry: { within: 500ms, every: 100ms }\n    expect: { status: 101 }\n    dialogue:\n      - send: one\n      - expect: two\n";
    let walked = fail(&sockets::echo(), &[steps.to_owned()]);
    let step = walked.steps().next().unwrap();
    assert!(step["attempts"].as_u64().unwrap() > 2, "{step:#}");
    // The record is that of the last try alone.
    assert_eq!((&step["websocket"]["sent"], &step["websocket"]["received"]), (&1.into(), &1.into()));
}

#[test]
fn a_message_of_many_megabytes_is_not_sent() {
    let scenario = format!(
        "name: Large\nvars: {{ part: {} }}\nsteps:\n  - websocket: /\n    dialogue: [ {{ send: \"{}\" }} ]\n",
        "x".repeat(500_000),
        "${part}".repeat(9)
    );
    let mut program = Program::new(&["--base-url", &sockets::echo(), "large.yaml"]).file("large.yaml", scenario);
    let answer = program.answer();
    assert!(answer.contains("a message may have at most 4194304 bytes"), "{}", &answer[..answer.len().min(2000)]);
}
