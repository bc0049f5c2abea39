//! Heads and contents before and after.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::*;

const ASKED: Asked<'_> = Asked { target: "/user/login?redirect_to=%2Fci%2F", host: "edge.test:8080" };

fn rule(on: Side, actions: Vec<Action>) -> Rule {
    Rule { on, match_path: None, match_host: None, actions }
}

fn head(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    headers
}

fn set(name: &str, value: &str) -> Action {
    Action::SetHeader { name: name.to_owned(), value: value.to_owned() }
}

fn append(name: &str, value: &str) -> Action {
    Action::AppendHeader { name: name.to_owned(), value: value.to_owned() }
}

fn remove(name: &str) -> Action {
    Action::RemoveHeader { name: name.to_owned() }
}

fn in_header(name: Option<&str>, find: &str, with: &str) -> Action {
    Action::ReplaceHeader { name: name.map(str::to_owned), find: find.to_owned(), with: with.to_owned() }
}

fn in_body(find: &str, with: &str) -> Action {
    Action::ReplaceBody { find: find.to_owned(), with: with.to_owned() }
}

#[test]
fn header_fields_are_changed_in_the_rule_s_order() {
    let before = [("location", "/ci/login"), ("set-cookie", "a=1; Path=/ci"), ("set-cookie", "b=2"), ("x", "1")];
    for (actions, after) in [
        (vec![set("X", "2")], vec![before[0], before[1], before[2], ("x", "2")]),
        (vec![set("set-cookie", "c=3")], vec![before[0], ("set-cookie", "c=3"), before[3]]),
        (vec![append("X", "2")], vec![before[0], before[1], before[2], before[3], ("x", "2")]),
        (vec![remove("Set-Cookie"), remove("no-such")], vec![before[0], before[3]]),
        (
            vec![remove("x"), set("X", "3"), append("x", "4")],
            vec![before[0], before[1], before[2], ("x", "3"), ("x", "4")],
        ),
        (
            vec![in_header(Some("Location"), "^/ci/(.*)$", "/$1?")],
            vec![("location", "/login?"), before[1], before[2], before[3]],
        ),
        (
            vec![in_header(None, "/ci", "")],
            vec![("location", "/login"), ("set-cookie", "a=1; Path="), before[2], before[3]],
        ),
        (
            vec![in_header(Some("set-cookie"), "Path=.*", "Path=/")],
            vec![before[0], ("set-cookie", "a=1; Path=/"), before[2], before[3]],
        ),
        // What can't be a field value is left as it was.
        (vec![in_header(Some("x"), "1", "a\nb")], before.to_vec()),
        (vec![Action::DelayMs(1), Action::SetStatus(500)], before.to_vec()),
    ] {
        let rules = Rules::new(&[rule(Side::Response, actions.clone())]).unwrap();
        let mut headers = head(&before);
        rules.on_response(&ASKED).headers(&mut headers);
        assert_eq!(headers, head(&after), "{actions:?}");
        let mut untouched = head(&before);
        rules.on_request(&ASKED).headers(&mut untouched);
        assert_eq!(untouched, head(&before), "{actions:?}");
    }
}

#[test]
fn fields_that_say_where_a_message_ends_are_not_replaced_with_the_others() {
    let rules = Rules::new(&[rule(Side::Response, vec![in_header(None, "1", "2")])]).unwrap();
    let mut headers = head(&[("content-length", "11"), ("x", "11")]);
    rules.on_response(&ASKED).headers(&mut headers);
    assert_eq!(headers, head(&[("content-length", "11"), ("x", "22")]));
}

#[test]
fn contents_are_changed_wherever_the_pattern_is_found() {
    for (actions, before, after) in [
        (vec![in_body("/ci/", "/")], &b"src=\"/ci/a.js\" href='/ci/'"[..], Some(&b"src=\"/a.js\" href='/'"[..])),
        (vec![in_body("/ci/", "/")], b"nothing of it", None),
        (vec![in_body("a", "b"), in_body("b+", "c")], b"aabb", Some(b"c")),
        (vec![in_body("(?i)HTTP://([a-z]+)", "https://$1.x")], b"http://edge", Some(b"https://edge.x")),
        (vec![in_body("(?m)^x$", "y")], b"x\nx", Some(b"y\ny")),
        // Not everything is text.
        (vec![in_body("b", "c")], b"\xffb\xfe", Some(b"\xffc\xfe")),
        (vec![in_body("(?s).+", "")], b"all", Some(b"")),
    ] {
        let rules = Rules::new(&[rule(Side::Response, actions.clone())]).unwrap();
        let edits = rules.on_response(&ASKED);
        assert!(edits.changes_content());
        assert_eq!(edits.content(before).as_deref(), after, "{actions:?}");
    }
}

#[test]
fn conditions_look_at_path_query_and_host_as_they_came() {
    for (path, host, holds) in [
        (None, None, true),
        (Some("^/user/"), None, true),
        (Some("^/user/login$"), None, true),
        (Some(r"^/user/login\?redirect_to="), None, true),
        (Some("^/login"), None, false),
        (None, Some(r"^edge\.test$"), true),
        (None, Some(r"^edge\.test:8080$"), true),
        (None, Some(r"^edge\.test"), true),
        (None, Some("^forge"), false),
        (Some("^/user/"), Some("^forge"), false),
    ] {
        for side in [Side::Request, Side::Response] {
            let rule = Rule {
                on: side,
                match_path: path.map(str::to_owned),
                match_host: host.map(str::to_owned),
                actions: vec![Action::DelayMs(7)],
            };
            let rules = Rules::new(&[rule]).unwrap();
            let (here, there) = match side {
                Side::Request => (rules.on_request(&ASKED), rules.on_response(&ASKED)),
                Side::Response => (rules.on_response(&ASKED), rules.on_request(&ASKED)),
            };
            assert_eq!(here.delay() == Duration::from_millis(7), holds, "{path:?} {host:?}");
            assert_eq!(there.delay(), Duration::ZERO);
        }
    }
    for (host, without) in
        [("a:1", "a"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("::1", "::1"), ("", "")]
    {
        assert_eq!(without_port(host), without);
    }
}

#[test]
fn a_status_on_a_request_is_an_answer_without_the_service() {
    let own = Rule {
        match_path: Some("^/user/".to_owned()),
        ..rule(Side::Request, vec![Action::SetStatus(302), set("Location", "/user/login"), Action::DelayMs(3)])
    };
    let rules = Rules::new(&[rule(Side::Request, vec![set("X", "1")]), own]).unwrap();
    let answer = rules.own_answer(&ASKED).unwrap();
    assert_eq!(answer.status(), Some(StatusCode::FOUND));
    let mut headers = HeaderMap::new();
    answer.headers(&mut headers);
    assert_eq!(headers, head(&[("location", "/user/login")]));
    // What is the answer's isn't done to the request.
    let onward = rules.on_request(&ASKED);
    let mut headers = HeaderMap::new();
    onward.headers(&mut headers);
    assert_eq!((headers, onward.delay()), (head(&[("x", "1")]), Duration::from_millis(3)));
    assert!(rules.own_answer(&Asked { target: "/", ..ASKED }).is_none());
}

#[test]
fn delays_add_up_and_the_first_cut_counts() {
    let rules = Rules::new(&[
        rule(Side::Response, vec![Action::DelayMs(20), Action::CloseAfterMs(50), Action::SetStatus(500)]),
        rule(Side::Response, vec![Action::DelayMs(5), Action::CloseAfterMs(40), Action::SetStatus(404)]),
        rule(Side::Response, vec![Action::DelayMs(u64::MAX)]),
    ]);
    let rules = rules.unwrap();
    let edits = rules.on_response(&ASKED);
    assert_eq!(edits.delay(), Duration::from_millis(LONGEST));
    assert_eq!((edits.close_after(), edits.status()), (Some(Duration::from_millis(40)), Some(StatusCode::NOT_FOUND)));
}

#[test]
fn what_is_wrong_with_a_rule_is_said() {
    for (action, words) in [
        (set("a b", "x"), "rule 2: `a b`: it is not the name of a header field"),
        (set("Content-Length", "1"), "rule 2: `Content-Length`: it says where the message ends"),
        (remove("transfer-encoding"), "rule 2: `transfer-encoding`: it says where the message ends"),
        (set("x", "a\nb"), "rule 2: `a\nb`: it has a character that can't stand in a header field"),
        (in_body("(", "x"), "rule 2: find: `(`: unclosed group"),
        (in_header(None, "a{9999999}", "x"), "rule 2: find: `a{9999999}`: "),
        (Action::SetStatus(101), "rule 2: expected a status from 200 to 599, found 101"),
    ] {
        let rules = [rule(Side::Response, Vec::new()), rule(Side::Response, vec![action])];
        let error = Rules::new(&rules).unwrap_err();
        assert!(error.starts_with(words), "{error}");
    }
}

#[test]
fn rules_go_to_a_container_as_json_and_come_back() {
    let rules = vec![Rule {
        on: Side::Request,
        match_path: Some("^/x".to_owned()),
        match_host: None,
        actions: vec![
            set("a", "b"),
            remove("c"),
            in_header(None, "d", "e"),
            in_body("f", "g"),
            Action::SetStatus(500),
            Action::CloseAfterMs(1),
        ],
    }];
    let text = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Rule>>(&text).unwrap(), rules, "{text}");
}
