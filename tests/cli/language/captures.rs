//! Values kept for later steps.

use super::{Call, walk};

/// The query of the last request, decoded.
fn used(walked: &super::Walked) -> Vec<(String, String)> {
    let target = walked.requests.last().unwrap().target().to_owned();
    let query = target.split_once('?').unwrap().1.to_owned();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn every_part_of_an_answer_can_be_captured_and_used() {
    let walked = walk(
        r#"  - get: /j/shop?page=3&page=4
    capture:
      stock: { header: X-Stock }
      first_link: { header: link, regex: "<(.+)>" }
      title: { css: h1 }
      id: { css: li + li, attribute: data-id }
      order: { regex: "R-([0-9]+)" }
      whole_match: { body: true, regex: "thank .ou" }
      address: { url: true, regex: "/j/.*" }
      page: { query: page }
  - get: /j/used
    query: { a: "${stock}", b: "${first_link}", c: "${title}", d: "${id}", e: "${order}", f: "${whole_match}", g: "${address}", h: "${page}" }
"#,
    )
    .passed();
    let expected = [
        ("a", "12"),
        ("b", "/a"),
        ("c", "Two apples"),
        ("d", "8"),
        ("e", "2041"),
        ("f", "thank you"),
        ("g", "/j/shop?page=3&page=4"),
        ("h", "3"),
    ];
    assert_eq!(used(&walked), pairs(&expected));
}

#[test]
fn json_and_cookies_can_be_captured_and_used() {
    let walked = walk(
        r#"  - get: /j/data
    capture:
      name: { json: $.name }
      age: { json: $.age }
      second: { json: "$.items[1]" }
      any_id: { json: "$.items[*].id" }
  - get: /j/cookies
    capture: { cookie: { cookie: lax } }
  - get: /j/used
    query: { a: "${name}", b: "${age}", c: "${second}", d: "${any_id}", e: "${cookie}" }
"#,
    )
    .passed();
    assert_eq!(used(&walked), pairs(&[("a", "Ada"), ("b", "36"), ("c", r#"{"id":2}"#), ("d", "1"), ("e", "l")]));
}

#[test]
fn a_captured_value_serves_in_expectations_selectors_and_patterns() {
    let steps = "  - get: /j/shop\n    capture: { id: { css: li, attribute: data-id }, name: { css: li } }\n  - get: /j/shop\n    expect:\n      css: { \"li[data-id='${id}']\": \"${name}\" }\n      body: { matches: \"data-id=.${id}.>${name}\" }\n";
    walk(steps).passed();
    let error = walk(&steps.replace("\"${name}\" }\n      body", "\"${id}\" }\n      body")).errors();
    insta::assert_snapshot!(error);
}

#[test]
fn a_later_capture_takes_the_place_of_an_earlier_one() {
    let capture = |path: &str, source: &str| format!("  - get: {path}\n    capture: {{ v: {{ {source} }} }}\n");
    let steps = capture("/j/shop", "css: h1") + &capture("/j/data", "json: $.name") + "  - get: /j/used?v=${v}\n";
    assert_eq!(used(&walk(&steps).passed()), pairs(&[("v", "Ada")]));
}

#[test]
fn what_is_not_there_to_be_captured_is_located() {
    let sources = [
        "header: X-Missing",
        "cookie: missing",
        "css: .missing",
        "css: li, attribute: missing",
        "json: $.missing",
        "query: missing",
        "regex: \"R-[a-z]+\"",
        "url: true, regex: forge",
    ];
    let mut call = Call::new(&["all"]);
    for (number, source) in sources.iter().enumerate() {
        let path = if source.starts_with("json") { "/j/data" } else { "/j/shop" };
        let steps = format!("  - get: {path}\n    capture: {{ v: {{ {source} }} }}\n");
        call = call.scenario(&format!("all/{number}.yaml"), &steps);
    }
    let walked = call.run();
    assert_eq!(walked.failures().count(), sources.len());
    insta::assert_snapshot!(walked.errors());
}

#[test]
fn a_capture_that_says_nothing_or_too_much_is_located() {
    let walked = walk(
        "  - get: /j/x\n    capture:\n      a: { secret: true }\n      b: { header: X, cookie: y }\n      c: { json: $.x, attribute: href }\n      1d: { url: true }\n",
    );
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
