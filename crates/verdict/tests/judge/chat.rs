//! What a chat does wrong by itself, and what looks alike.

use verdict::evidence::{
    Asset, AssetKind, AssetProblem, AssetProblemKind, AssetReference, Assets, Direction, Ending, EndingKind, Evidence,
    FrameKind, FrameRecord, Mode, OAuthPhaseKind, ServiceFacts, ServiceKind, SetCookie, StepRecord, Way,
    WebSocketRecord,
};
use verdict::{Change, Class, Proof, RouteField};

use crate::build::SITE;
use crate::scene::{Hop, asked, broke, codes, cookie, danced, get, only, phase, probed, scene, url, went};

const SESSION: &str = "disinto_chat_session";
const STATUS: &str = "the status is not what was expected";
const ELSEWHERE: &str = "https://elsewhere.example";

/// One journey on a site that has a chat.
fn at_chat(steps: Vec<StepRecord>) -> Evidence {
    let mut evidence = scene(steps);
    if let Some(stack) = &mut evidence.stack {
        let chat = ServiceFacts { name: "chat".into(), kind: ServiceKind::Double, image: None, version: None };
        stack.services.push(chat);
    }
    evidence
}

/// A step that came to this status where another was expected.
fn unlike(hops: Vec<Hop>, expected: &str) -> StepRecord {
    let found = hops.last().and_then(|hop| hop.0.response.as_ref()).map_or(0, |response| response.status);
    let mut step = broke(hops, STATUS, &found.to_string());
    step.failures[0].expected = Some(expected.into());
    step
}

fn handshake(status: u16) -> Hop {
    get("/chat/ws", status).with("Upgrade", "websocket")
}

fn json(hop: Hop, text: &str) -> Hop {
    hop.body("application/json", text)
}

fn own(hop: Hop) -> Hop {
    hop.sends(&[SESSION]).with("Origin", SITE)
}

fn deleted() -> SetCookie {
    SetCookie { deleted: true, ..cookie(SESSION, "/chat") }
}

/// Back from the forge, with a session.
fn signed_in() -> Hop {
    get("/chat/oauth/callback?code=***&state=***", 303).sets(cookie(SESSION, "/chat"))
}

fn is_security(evidence: &Evidence, code: &str) {
    let finding = only(evidence, code);
    assert_eq!((finding.class, finding.proof), (Class::Security, Proof::Untried), "{code}");
    assert!(finding.fix.is_some_and(|fix| fix.changes.is_empty()), "{code}: it is in the program");
}

#[test]
fn who_opens_the_socket() {
    let opened = |hop: Hop| at_chat(vec![unlike(vec![hop], "403")]);
    is_security(&opened(handshake(101).sends(&[SESSION]).with("Origin", ELSEWHERE)), "chat/origin-unchecked");
    is_security(&opened(handshake(101).sends(&[SESSION])), "chat/origin-unchecked");
    assert_eq!(codes(&opened(own(handshake(101)))), ["unexplained"], "from the own page");
    assert_eq!(codes(&opened(handshake(101).with("Origin", ELSEWHERE))), ["unexplained"], "without a session");
    let named = handshake(101).with("X-Forwarded-User", "smoke").with("Origin", SITE);
    is_security(&at_chat(vec![unlike(vec![named], "401")]), "chat/identity-believed");
    let refused = handshake(403).with("X-Forwarded-User", "smoke");
    assert_eq!(codes(&at_chat(vec![unlike(vec![refused], "401")])), ["unexplained"]);
}

#[test]
fn who_has_something_done() {
    let clicked = |status| asked("POST", "/chat/action/issue-create", status);
    let foreign = |status| clicked(status).sends(&[SESSION]).with("Origin", ELSEWHERE);
    is_security(&at_chat(vec![unlike(vec![foreign(201)], "403")]), "chat/actions-from-elsewhere");
    assert_eq!(codes(&at_chat(vec![unlike(vec![foreign(422)], "403")])), ["unexplained"]);
    let text = r#"{"ok":false,"error":{"code":"not_found","message":"the forge answered 404"}}"#;
    let beyond = |status| json(own(clicked(status)), text);
    is_security(&at_chat(vec![unlike(vec![beyond(422)], "403")]), "chat/repository-unchecked");
    is_security(&at_chat(vec![unlike(vec![own(clicked(201))], "403")]), "chat/repository-unchecked");
    let invalid = json(own(clicked(422)), r#"{"ok":false,"error":{"code":"invalid_payload"}}"#);
    assert_eq!(codes(&at_chat(vec![unlike(vec![invalid], "403")])), ["unexplained"], "it was read, and not acted on");

    let made = |number: u64| json(own(clicked(201)), &format!(r#"{{"ok":true,"number":{number}}}"#));
    let again =
        |number| broke(vec![made(number)], "the JSON at `$.number` is not what was expected", &number.to_string());
    let twice = at_chat(vec![went(vec![made(1)]), again(2)]);
    assert_eq!(only(&twice, "chat/repeats-actions").class, Class::Fixable);
    assert_eq!(codes(&at_chat(vec![went(vec![made(1)]), again(1)])), ["unexplained"]);
}

#[test]
fn what_the_gate_says() {
    let verify = |status| get("/chat/auth/verify", status).sends(&[SESSION]);
    is_security(&at_chat(vec![unlike(vec![verify(200)], "403")]), "chat/gate-answers-anybody");
    assert_eq!(codes(&at_chat(vec![unlike(vec![verify(401)], "403")])), ["unexplained"]);

    let to_login = |hop: Hop| at_chat(vec![unlike(vec![hop.field("Location", &url("/chat/login"))], "401")]);
    assert_eq!(only(&to_login(handshake(303)), "chat/redirects-programs").class, Class::Fixable);
    only(&to_login(get("/chat/history", 302)), "chat/redirects-programs");
    assert_eq!(codes(&to_login(get("/chat/", 303))), ["unexplained"], "a person may be sent there");

    let page = |status| get("/chat/", status).with("Accept", "text/html,*/*");
    let bare = || json(page(401), r#"{"error":{}}"#);
    let told = || page(401).with("Sec-Fetch-Dest", "document");
    let by_type = |steps| codes(&at_chat(steps));
    let wrong = || broke(vec![bare()], "the content type is not what was expected", "application/json");
    assert_eq!(by_type(vec![went(vec![told()]), wrong()]), ["chat/navigation-unknown"]);
    assert_eq!(by_type(vec![wrong()]), ["unexplained"], "nobody gets a page there");
}

#[test]
fn whose_session_it_is() {
    let out = || asked("POST", "/chat/logout", 200).sets(deleted());
    let read = |status| get("/chat/session", status).sends(&[SESSION]);
    let ended = |steps: Vec<StepRecord>, status| {
        at_chat(steps.into_iter().chain([unlike(vec![read(status)], "401")]).collect())
    };
    is_security(&ended(vec![went(vec![signed_in()]), went(vec![out()])], 200), "chat/sign-out-ignored");
    let anew = vec![went(vec![signed_in(), out()]), went(vec![signed_in()])];
    assert_eq!(codes(&ended(anew, 200)), ["unexplained"], "somebody signed in again");
    is_security(&ended(vec![went(vec![signed_in()]), went(vec![signed_in()])], 200), "chat/session-fixed");
    assert_eq!(codes(&ended(vec![went(vec![signed_in()])], 200)), ["unexplained"]);

    let value = format!("the value of cookie `{SESSION}` is not what was expected");
    let mut same = broke(vec![signed_in(), get("/chat/", 200)], &value, "\"***\"");
    same.failures[0].expected = Some("not \"***\"".into());
    is_security(&at_chat(vec![same]), "chat/session-fixed");

    let stranger = |hops| at_chat(vec![unlike(hops, "403")]);
    is_security(&stranger(vec![signed_in(), get("/chat/", 200)]), "chat/strangers-admitted");
    assert_eq!(codes(&stranger(vec![get("/chat/", 200)])), ["unexplained"]);

    let several = |status| get("/chat/session", status).sends(&[SESSION, SESSION]);
    let known = || went(vec![read(200)]);
    assert_eq!(codes(&at_chat(vec![known(), unlike(vec![several(401)], "200")])), ["chat/first-cookie-only"]);
    assert_eq!(codes(&at_chat(vec![unlike(vec![several(401)], "200")])), ["unexplained"], "perhaps none is good");
}

#[test]
fn what_is_told_to_whom() {
    let conversation = "/chat/history/6f9619ff-8b86-4011-b42d-00cf4fc964ff";
    let read = |target: &str, expected| at_chat(vec![unlike(vec![get(target, 200).sends(&[SESSION])], expected)]);
    is_security(&read(conversation, "one of 403, 404"), "chat/history-of-others");
    assert_eq!(codes(&read(conversation, "401")), ["unexplained"], "that would be a matter of the session");
    assert_eq!(codes(&read("/chat/history", "404")), ["unexplained"]);

    let session = |text: &str| {
        let hop = json(get("/chat/session", 200).sends(&[SESSION]), text);
        at_chat(vec![broke(vec![hop], "the content is not what was expected", text)])
    };
    is_security(&session(r#"{"user": "smoke", "token": "0123"}"#), "chat/token-told");
    assert_eq!(codes(&session(r#"{"user":"smoke","token":""}"#)), ["unexplained"]);

    let page = |hop: Hop| {
        at_chat(vec![broke(
            vec![hop],
            "the header field `content-security-policy` is not what was expected",
            "nothing",
        )])
    };
    is_security(&page(get("/chat/", 200)), "chat/page-without-policy");
    let weak = get("/chat/", 200).field("Content-Security-Policy", "default-src *");
    assert_eq!(codes(&page(weak)), ["unexplained"]);
}

fn frames(said: &[(Direction, f64, &str)]) -> WebSocketRecord {
    let frame = |(direction, at_ms, text): &(Direction, f64, &str)| FrameRecord {
        direction: *direction,
        kind: FrameKind::Text,
        at_ms: *at_ms,
        bytes: text.len() as u64,
        excerpt: Some((*text).to_owned()),
        code: None,
    };
    let ending = Ending { how: EndingKind::ClosedByClient, code: Some(1000), reason: None };
    let frames = said.iter().map(frame).collect();
    WebSocketRecord { subprotocol: None, sent: 1, received: 1, frames, omitted: 0, ending, open_ms: 1.0 }
}

#[test]
fn what_a_spelling_opens() {
    let refused = || went(vec![get("/chat/history", 401)]);
    let tried = |path: &str| get("/", 200).at(&format!("{SITE}{path}"));
    let bypassed = |steps| codes(&at_chat(steps));
    let matcher = || Change::Directive { name: "@chat expression".into(), value: Some("@chat path /chat/*".into()) };
    for path in
        ["//chat/history", "/chat//history", "/chat/login/../history", "/chat/login%2f..%2Fhistory", "/%63hat/history"]
    {
        let finding = only(&at_chat(vec![refused(), unlike(vec![tried(path)], "401")]), "gate/bypassed");
        let changes = finding.fix.map(|fix| fix.changes).unwrap_or_default();
        assert_eq!((finding.class, changes.as_slice()), (Class::Security, [matcher()].as_slice()), "{path}");
        assert_eq!(bypassed(vec![unlike(vec![tried(path)], "401")]), ["unexplained"], "nobody refuses the plain one");
    }
    let named = unlike(vec![tried("//chat/history").with("X-Forwarded-User", "smoke")], "401");
    only(&at_chat(vec![refused(), named]), "gate/bypassed");
    // A path that leads elsewhere opens nothing: an empty 200, or the page of another service.
    let page = |hop: Hop| hop.body("text/html", "<h1>Staging</h1> for every path there is");
    let elsewhere = unlike(vec![page(tried("//chat/history"))], "401");
    assert_eq!(bypassed(vec![refused(), went(vec![page(get("/staging/", 200))]), elsewhere]), ["unexplained"]);
    let empty = unlike(vec![tried("//chat/history").empty().field("Server", "Caddy")], "401");
    assert!(!bypassed(vec![refused(), empty]).contains(&"gate/bypassed".to_owned()));
    let with_session = unlike(vec![tried("//chat/history").sends(&[SESSION])], "401");
    assert_eq!(bypassed(vec![refused(), with_session]), ["unexplained"]);
    let plain = || unlike(vec![get("/chat/history", 200)], "401");
    assert_eq!(bypassed(vec![refused(), plain()]), ["unexplained"], "it isn't the spelling");
}

/// On a host of its own the chat is asked as browsers ask, and knows what is below its prefix alone.
#[test]
fn a_host_of_its_own_without_the_prefix() {
    const HOST: &str = "http://chat.edge.test:8080";
    let through =
        |path: &str, status| get(&format!("{HOST}{path}"), status).field("Via", "1.1 x").body("text/plain", "?");
    let past = |path: &str, status| get(&format!("http://chat:8080{path}"), status).body("text/plain", "?");
    let seen = |with_prefix: u16, came: u16| {
        let mut evidence = at_chat(vec![unlike(vec![through("/login", came)], "303")]);
        if let Some(stack) = &mut evidence.stack {
            stack.mode = Mode::Subdomain;
        }
        let evidence = probed(evidence, "chat", Way::Edge, through("/login", came));
        let evidence = probed(evidence, "chat", Way::Direct, past("/login", 404));
        probed(evidence, "chat", Way::Direct, past("/chat/login", with_prefix))
    };
    let finding = only(&seen(303, 404), "edge/prefix-not-added");
    let add = |route: &str| Change::Route { route: route.into(), field: RouteField::AddPrefix("/chat".into()) };
    assert_eq!(finding.fix.unwrap().changes, ["chat", "chat-login", "chat-callback"].map(add));
    assert!(!codes(&seen(404, 404)).contains(&"edge/prefix-not-added".to_owned()), "it knows it nowhere");
    assert!(!codes(&seen(303, 502)).contains(&"edge/prefix-not-added".to_owned()), "something else came");
}

#[test]
fn sessions_that_do_not_end() {
    let over = (Direction::Received, 45.0, r#"{"type":"session_expired","message":"over"}"#);
    let socket = |said: &[(Direction, f64, &str)], open_ms: f64, is_well: bool| {
        let mut step = if is_well {
            went(vec![own(handshake(101))])
        } else {
            broke(vec![own(handshake(101))], "no such frame came within 65s", "none")
        };
        step.websocket = Some(WebSocketRecord { open_ms, ..frames(said) });
        step
    };
    let lasts = |seconds: &str| {
        let field = format!("{SESSION}=***; Path=/chat; HttpOnly; SameSite=Lax; Max-Age={seconds}");
        went(vec![signed_in().field("Set-Cookie", &field)])
    };
    let outlives = |seconds: &str, open_ms: f64| codes(&at_chat(vec![lasts(seconds), socket(&[], open_ms, false)]));
    let code = "chat/socket-outlives-session";
    is_security(&at_chat(vec![lasts("45"), socket(&[], 65_000.0, false)]), code);
    assert_ne!(outlives("86400", 65_000.0), [code], "its session lasts");
    assert_ne!(outlives("45", 5_000.0), [code], "something else ended it");
    let told = codes(&at_chat(vec![lasts("45"), socket(&[over], 65_000.0, false)]));
    assert_ne!(told, [code], "the chat said so");

    let read = |status| unlike(vec![get("/chat/session", status).sends(&[SESSION])], "401");
    is_security(&at_chat(vec![lasts("45"), socket(&[over], 45_000.0, true), read(200)]), "chat/session-outlived");
    let not_over = codes(&at_chat(vec![lasts("45"), socket(&[], 5_000.0, true), read(200)]));
    assert_ne!(not_over, ["chat/session-outlived"]);
}

#[test]
fn how_answers_come() {
    let token = r#"{"type":"token","token":"a "}"#;
    let asked_at = (Direction::Sent, 0.0, r#"{"type":"chat_request","message":"m"}"#);
    let answer = |started: f64, tokens: [f64; 3]| {
        let begun = (Direction::Received, started, r#"{"type":"started","seq":1}"#);
        let said = [vec![asked_at, begun], tokens.map(|at| (Direction::Received, at, token)).to_vec()].concat();
        let message = "the time from the first frame to the last is not what was expected";
        let mut step = broke(vec![own(handshake(101))], message, "1ms");
        step.websocket = Some(frames(&said));
        codes(&at_chat(vec![step]))
    };
    assert_eq!(answer(5.0, [600.0, 600.1, 600.2]), ["chat/answer-at-once"]);
    assert_ne!(
        answer(600.0, [600.1, 600.2, 600.3]),
        ["chat/answer-at-once"],
        "all of it was held back, the beginning too"
    );
    assert_ne!(answer(5.0, [30.0, 60.0, 90.0]), ["chat/answer-at-once"], "a quick answer");

    let spoken = |reply: &str, before: Vec<Hop>| {
        let mut step =
            broke(vec![own(handshake(101))], "the frame's JSON at `$.type` is not what was expected", "started");
        step.websocket = Some(frames(&[asked_at, (Direction::Received, 5.0, reply)]));
        codes(&at_chat(vec![went(before), step]))
    };
    let over = || vec![own(asked("POST", "/chat/new", 429))];
    assert_eq!(spoken(r#"{"type":"started"}"#, over()), ["chat/socket-unlimited"]);
    assert_eq!(spoken(r#"{"type":"started"}"#, vec![own(asked("POST", "/chat/new", 201))]), ["unexplained"]);
    assert_eq!(spoken(r#"{"type":"error","code":"rate_limited"}"#, over()), ["unexplained"]);
}

#[test]
fn what_a_page_refers_to_at_the_root() {
    let asset = |written: &str, problem: Option<AssetProblemKind>| Asset {
        url: url(if written.starts_with('/') { written } else { "/chat/static/chat.js" }),
        kind: AssetKind::Data,
        essential: true,
        references: vec![AssetReference {
            file: url("/chat/"),
            line: 9,
            by: "<link rel=preload>".into(),
            written: written.into(),
        }],
        referenced: 1,
        status: Some(404),
        media_type: None,
        bytes: Some(0),
        redirects: Vec::new(),
        duration_ms: None,
        problem: problem.map(|kind| AssetProblem { kind, found: "status 404".into() }),
        unchecked: None,
    };
    let page = |list: Vec<Asset>| {
        let mut step = broke(vec![get("/chat/", 200)], "1 of 2 assets is broken", "status 404");
        let under = Some(url("/chat"));
        step.assets = Some(Assets { page: url("/chat/"), under, list, inline: 0, left_out: 0, duration_ms: 1.0 });
        codes(&at_chat(vec![step]))
    };
    let outside = Some(AssetProblemKind::Outside);
    let well = || asset("static/chat.js", None);
    assert_eq!(page(vec![well(), asset("/history", outside)]), ["page/root-absolute"]);
    assert_eq!(
        page(vec![asset("/history", outside)]),
        ["page/asset-broken"],
        "all of them: it doesn't know its prefix"
    );
    assert_eq!(page(vec![well(), asset("history", Some(AssetProblemKind::Status))]), ["page/asset-broken"]);
}

/// The walk goes on after an attack that came through.
#[test]
fn a_forged_state_is_told_although_other_attacks_were_refused() {
    let callback = || get("/ci/authorize?code=***&state=***", 303);
    let hops = vec![
        get("/ci/authorize", 303),
        callback().sets(cookie("user_sess", "/")),
        get("/ci/", 200),
        get("/ci/authorize", 303),
        get("/ci/authorize?error=access_denied&state=***", 400),
    ];
    let walked = |message: &str| {
        let mut step = danced(phase(OAuthPhaseKind::ForgedState), hops.clone());
        let mut refused = phase(OAuthPhaseKind::Error);
        refused.first_exchange = 3;
        refused.session = Vec::new();
        if let Some(record) = &mut step.oauth {
            record.phases.push(refused);
        }
        step.failures[0].message = message.into();
        codes(&scene(vec![step]))
    };
    assert_eq!(walked("a forged state signs the user in"), ["oauth/state-unchecked"]);
    assert_ne!(walked("an error in the provider's place signs the user in"), ["oauth/state-unchecked"]);
}
