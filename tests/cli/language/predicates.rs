//! What can be looked at, and what can be said of it: each in a way that holds and in one that doesn't.

use super::{fail, hold, walk};

#[test]
fn texts() {
    hold(
        "get: /j/text",
        &[
            "body: \"order R-2041, thank you\"",
            "body: { equals: \"order R-2041, thank you\" }",
            "body: [other, \"order R-2041, thank you\"]",
            "body: { one_of: [other, \"order R-2041, thank you\"] }",
            "body: { contains: R-2041 }",
            "body: { matches: \"R-[0-9]{4}\" }",
            "body: { starts_with: order }",
            "body: { ends_with: you }",
            "body: { not: { contains: sorry } }",
            "body: { not: sorry, contains: order, matches: \"^order\" }",
            "body: { not: { not: { contains: order } } }",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/text",
        &[
            "body: order",
            "body: { equals: order }",
            "body: [order, thanks]",
            "body: { one_of: [order] }",
            "body: { contains: sorry }",
            "body: { matches: \"R-[0-9]{5}\" }",
            "body: { starts_with: you }",
            "body: { ends_with: order }",
            "body: { not: { contains: order } }",
            "body: { not: { matches: \"R-[0-9]+\" } }",
            "body: { contains: order, not: { ends_with: you } }",
        ],
    ));
}

#[test]
fn numbers() {
    hold(
        "get: /j/shop",
        &[
            "status: 200",
            "status: [200, 204]",
            "status: { not: 404 }",
            "status: { at_least: 200, less_than: 300 }",
            "headers: { X-Stock: 12 }",
            "headers: { X-Stock: { greater_than: 11, at_most: 12 } }",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/shop",
        &[
            "status: 204",
            "status: [201, 204]",
            "status: { not: 200 }",
            "status: { at_least: 201 }",
            "status: { at_most: 199 }",
            "status: { less_than: 200 }",
            "status: { greater_than: 200, less_than: 300 }",
            "headers: { X-Stock: { greater_than: 12 } }",
        ],
    ));
}

#[test]
fn durations() {
    hold(
        "get: /j/text",
        &["duration: { less_than: 20s }", "duration: { not: { at_least: 1m } }", "duration: { at_most: 20000ms }"],
    );
    insta::with_settings!({filters => vec![(r"found:    [0-9.]+m?s", "found:    [time]")]}, {
        insta::assert_snapshot!(fail("get: /j/text", &["duration: { greater_than: 20s }", "duration: { at_least: 1h }"]));
    });
}

#[test]
fn header_fields() {
    hold(
        "get: /j/shop",
        &[
            "headers: { link: </b> }",
            "headers: { Link: { count: 2 } }",
            "headers: { Link: { starts_with: </a } }",
            "headers: { Link: exists, X-Missing: absent }",
            "headers: { X-Missing: { exists: false } }",
            "headers: { X-Missing: { not: { contains: x } } }",
            "content_type: text/html",
            "content_type: Text/HTML",
            "content_type: [text/plain, text/html]",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/shop",
        &[
            "headers: { Link: </c> }",
            "headers: { Link: { count: { at_least: 3 } } }",
            "headers: { Link: absent }",
            "headers: { X-Missing: exists }",
            "headers: { X-Missing: { contains: x } }",
            "content_type: application/json",
        ],
    ));
}

#[test]
fn elements() {
    hold(
        "get: /j/shop",
        &[
            "css: { h1: Two apples }",
            "css: { h1: { text: Two apples } }",
            "css: { li: Pear }",
            "css: { li.item: { count: 2 } }",
            "css: { li: { count: { greater_than: 1 } } }",
            "css: { li: exists, .missing: absent }",
            "css: { \".missing\": { exists: false } }",
            "css: { li: { attribute: { data-id: 8 } } }",
            "css: { \"a[href]\": { text: Buy, attribute: { href: { starts_with: buy }, rel: absent } } }",
            "css: { li: { contains: ear } }",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/shop",
        &[
            "css: { h1: Three apples }",
            "css: { h1: { text: { contains: three } } }",
            "css: { li.item: { count: 3 } }",
            "css: { li: absent }",
            "css: { .missing: exists }",
            "css: { \".missing\": { exists: true } }",
            "css: { .missing: some text }",
            "css: { li: { attribute: { data-id: 9 } } }",
            "css: { a: { attribute: { rel: exists } } }",
        ],
    ));
}

#[test]
fn json() {
    hold(
        "get: /j/data",
        &[
            "json: { $.name: Ada, $.age: 36, $.admin: true, $.nothing: null }",
            "json: { $.tags: { equals: [a, b] } }",
            "json: { \"$.tags[*]\": b, \"$.items[*].id\": { count: 2 } }",
            "json: { \"$.items[1]\": { equals: { id: 2 } } }",
            "json: { $.age: { at_least: 36 }, $.missing: absent, $.nothing: exists }",
            "json: { $.name: { not: { starts_with: B } } }",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/data",
        &[
            "json: { $.name: Bob }",
            "json: { $.age: \"36\" }",
            "json: { $.admin: false }",
            "json: { $.nothing: absent }",
            "json: { $.missing: exists }",
            "json: { $.missing: null }",
            "json: { $.tags: { equals: [a] } }",
            "json: { \"$.items[*].id\": { count: 3 } }",
            "json: { \"$.items[*].id\": { greater_than: 2 } }",
        ],
    ));
    insta::assert_snapshot!(fail("get: /j/text", &["json: { $.name: Ada }"]));
}

#[test]
fn urls() {
    hold(
        "get: /j/x?a=1",
        &[
            "url: \"${base_url}/j/x?a=1\"",
            "url: { under: \"${base_url}/j\" }",
            "url: { under: \"${base_url}/j/x\" }",
            "url: { not: { under: \"${base_url}/jj\" } }",
        ],
    );
    insta::assert_snapshot!(fail(
        "get: /j/x?a=1",
        &["url: { under: \"${base_url}/j/x/\" }", "url: { under: \"http://edge.test/j\" }", "url: /j/x?a=1"],
    ));
}

#[test]
fn all_that_does_not_hold_of_a_page_is_said_at_once() {
    let walked = walk(
        "  - get: /j/shop\n    expect:\n      status: 404\n      css: { h1: One }\n      body: { contains: Two }\n      hops: 1\n",
    );
    assert_eq!(walked.failures().count(), 3, "{}", walked.answer);
}

#[test]
fn what_makes_no_sense_of_something_is_located() {
    let walked = walk(
        r#"  - get: /j/x
    expect:
      status: 2xx
      duration: 2s
      hops: { contains: 1 }
      url: { under: /forge }
      content_type: text/html; charset=utf-8
      css: { "li[": exists }
      json: { name: Ada }
      body: { matches: "(" }
      cookie: { s: yes }
"#,
    );
    assert_eq!(walked.exit, Some(64));
    insta::assert_snapshot!(walked.answer);
}
