//! Requests as they reach the server.

use super::{Call, walk};

#[test]
fn every_method_is_sent() {
    let methods = ["get", "head", "post", "put", "patch", "delete", "options"];
    let mut steps: String = methods.iter().map(|method| format!("  - {method}: /j/x\n")).collect();
    steps.push_str("  - request: { method: REPORT, url: /j/x }\n");
    let lines = walk(&steps).passed().lines;
    let expected: Vec<String> = methods.iter().map(|method| method.to_uppercase()).chain(["REPORT".into()]).collect();
    assert_eq!(lines, expected.iter().map(|method| format!("{method} /j/x")).collect::<Vec<_>>());
}

#[test]
fn a_header_field_can_come_several_times() {
    let walked = walk("  - get: /j/x\n    headers: { X-Many: [one, 2, true], X-Once: \"a: b\" }\n").passed();
    assert_eq!(walked.requests[0].header("x-many"), ["one", "2", "true"]);
    assert_eq!(walked.requests[0].header("x-once"), ["a: b"]);
}

#[test]
fn a_header_field_of_the_scenario_takes_the_place_of_the_browser_s() {
    let walked = walk("  - get: /j/x\n    headers: { Accept: text/plain, user-agent: me }\n  - get: /j/x\n").passed();
    assert_eq!(walked.requests[0].header("accept"), ["text/plain"]);
    assert_eq!(walked.requests[0].header("user-agent"), ["me"]);
    assert_ne!(walked.requests[1].header("accept"), ["text/plain"]);
}

#[test]
fn parameters_are_encoded_and_appended_to_those_of_the_target() {
    let steps = "  - get: /j/x?a=%31\n    query: { b: [x y, \"&=+\"], \"ü\": 1 }\n  - get: /j/y\n    query: { c: d }\n";
    assert_eq!(walk(steps).passed().lines, ["GET /j/x?a=%31&b=x+y&b=%26%3D%2B&%C3%BC=1", "GET /j/y?c=d"]);
}

#[test]
fn credentials_go_along_as_basic() {
    let walked = walk("  - get: /j/x\n    basic_auth: { user: Aladdin, password: open sesame }\n").passed();
    assert_eq!(walked.requests[0].header("authorization"), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]);
}

#[test]
fn content_is_sent_in_every_form() {
    let walked = Call::new(&["journey.yaml"])
        .file("note.txt", "from a file")
        .scenario(
            "journey.yaml",
            r#"  - post: /j/text
    body: "a ${host}"
  - post: /j/typed
    headers: { Content-Type: text/csv }
    body: a,b
  - post: /j/form
    form: { a: [1, "x y"], b: "&" }
  - put: /j/json
    json: { text: "${host}", list: [1, 2.5, null, true] }
  - post: /j/multipart
    multipart: { a: [x, y], f: { file: note.txt, filename: n.txt, content_type: text/plain } }
"#,
        )
        .run()
        .passed();
    insta::assert_snapshot!(
        walked
            .requests
            .iter()
            .map(|request| format!("{:?}\n{}\n\n", request.header("content-type"), request.content))
            .collect::<String>()
            .replace('\r', "")
    );
}

#[test]
fn a_target_can_be_a_whole_address() {
    assert_eq!(walk("  - get: ${base_url}/j/x\n  - get: /j/y\n").passed().lines, ["GET /j/x", "GET /j/y"]);
}

#[test]
fn a_file_to_send_that_is_not_there_is_located() {
    insta::assert_snapshot!(walk("  - post: /j/x\n    multipart: { a: b, file: { file: missing.bin } }\n").errors());
}

#[test]
fn a_request_that_can_not_be_meant_is_located_and_nothing_is_sent() {
    let walked = walk(
        r#"  - get: /j/x
    json: {}
  - post: j/x
    headers: { "X Y": 1, X-Z: "a\nb" }
    body: a
    form: { a: b }
  - get: /j/x
    basic_auth: { user: "a:b", password: c }
"#,
    );
    assert_eq!(walked.lines, Vec::<String>::new());
    insta::assert_snapshot!(walked.answer);
}
