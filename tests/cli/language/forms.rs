//! Forms, submitted as a browser does it.

use super::walk;

fn submit(step: &str) -> super::Walked {
    walk(&format!("  - get: /j/forms\n  - submit: {step}\n"))
}

/// The second request.
fn sent(step: &str) -> String {
    submit(step).passed().lines.swap_remove(1)
}

#[test]
fn the_fields_of_a_get_form_take_the_place_of_its_action_s_query() {
    assert_eq!(sent("\"#search\"\n    with: { q: \"a b\" }"), "GET /j/found?q=a+b&page=1");
}

#[test]
fn a_post_form_is_sent_with_all_that_the_user_leaves_alone() {
    assert_eq!(
        sent("form[action=ordered]\n    with: { name: Ada }"),
        "POST /j/ordered csrf=t%26k&name=Ada&news=no&size=M&note=none&go=now"
    );
}

#[test]
fn boxes_choices_and_hidden_fields_can_be_filled_in() {
    assert_eq!(
        sent("\"#order\"\n    with: { gift: \"yes\", size: L, note: \"ü\", csrf: mine }"),
        "POST /j/ordered csrf=mine&name=nobody&gift=yes&news=no&size=L&note=%C3%BC&go=now"
    );
}

#[test]
fn a_form_says_where_it_comes_from() {
    let walked = submit("\"#order\"\n    headers: { X-Extra: 1 }").passed();
    let [origin] = walked.requests[1].header("origin")[..] else { panic!("no Origin") };
    assert_eq!(walked.requests[1].header("referer"), [format!("{origin}/j/forms")]);
    assert_eq!(walked.requests[1].header("x-extra"), ["1"]);
    assert_eq!(walked.requests[1].header("content-type"), ["application/x-www-form-urlencoded"]);
}

#[test]
fn a_form_is_sent_in_its_own_encoding() {
    let walked = submit("\"#upload\"").passed();
    assert!(walked.requests[1].header("content-type")[0].starts_with("multipart/form-data; boundary="));
    assert!(walked.requests[1].content.contains("name=\"title\"\r\n\r\nx\r\n"), "{}", walked.requests[1].content);
}

#[test]
fn what_can_not_be_submitted_is_located() {
    let errors: Vec<String> =
        ["form", "\"#search input\"", "form[method=dialog]", "\"#order\"\n    with: { name: Ada, nmae: Ada }"]
            .iter()
            .map(|step| submit(step).errors())
            .collect();
    insta::assert_snapshot!(errors.join("\n\n"));
}
