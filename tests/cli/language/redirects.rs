//! Redirects, followed hop by hop.

use super::{fail, hold, walk};

#[test]
fn redirects_are_followed_only_where_the_step_says_so() {
    assert_eq!(walk("  - get: /j/go/302/shop\n    expect: { status: 302, hops: 0 }\n").passed().lines.len(), 1);
    let lines = walk("  - get: /j/go/302/shop\n    follow: true\n").passed().lines;
    assert_eq!(lines, ["GET /j/go/302/shop", "GET /j/shop"]);
    insta::assert_snapshot!(fail("get: /j/go/302/shop", &["status: 200"]));
}

#[test]
fn a_limit_of_redirects_is_kept() {
    walk("  - get: /j/go/302/go/302/shop\n    follow: { max_hops: 2 }\n").passed();
    insta::assert_snapshot!(walk("  - get: /j/go/302/go/302/shop\n    follow: { max_hops: 1 }\n").errors());
}

#[test]
fn every_hop_can_be_held_against_expectations() {
    let step = "get: /j/go/302/go/301/shop\n    follow: true";
    hold(
        step,
        &[
            "every_hop: { under: \"${base_url}/j\" }",
            "every_hop: { url: { matches: \"/j/(go|shop)\" } }",
            "every_hop: { not: { contains: forge } }",
            "every_hop: { status: [200, 301, 302] }",
            "every_hop: { status: { less_than: 400 }, headers: { Content-Length: exists } }",
            "hops: 2",
            "hops: { at_least: 1, less_than: 3 }",
            "no_loop: true",
            "url: \"${base_url}/j/shop\"",
        ],
    );
    insta::assert_snapshot!(fail(
        step,
        &[
            "every_hop: { under: \"${base_url}/j/go\" }",
            "every_hop: { url: { not: { ends_with: /shop } } }",
            "every_hop: { status: [301, 302] }",
            "every_hop: { headers: { Location: exists } }",
            "hops: 1",
            "url: { ends_with: /shop/ }",
        ],
    ));
}

#[test]
fn a_request_repeated_on_the_way_is_a_loop_even_if_it_ends() {
    let error = fail("get: /j/again/x\n    follow: true", &["status: 200, no_loop: true"]);
    insta::assert_snapshot!(error);
}

#[test]
fn the_method_changes_as_in_a_browser() {
    let cases = [
        (301, "post", "GET /j/x"),
        (302, "post", "GET /j/x"),
        (303, "post", "GET /j/x"),
        (303, "put", "GET /j/x"),
        (307, "post", "POST /j/x a=1"),
        (308, "post", "POST /j/x a=1"),
        (307, "put", "PUT /j/x a=1"),
    ];
    let step = |(status, method, _): &(u16, &str, &str)| {
        format!("  - {method}: /j/go/{status}/x\n    form: {{ a: 1 }}\n    follow: true\n")
    };
    let lines = walk(&cases.iter().map(step).collect::<String>()).passed().lines;
    let after: Vec<&String> = lines.iter().skip(1).step_by(2).collect();
    assert_eq!(after, cases.map(|(_, _, after)| after));
}
