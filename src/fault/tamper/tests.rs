//! Every way in which somebody may write a rule.

use doubles::meddler::{Action, Rule, Side};
use scenario::Source;
use scenario::model::Service;

use crate::fault::read;

fn rules(tamper: &str) -> Vec<Rule> {
    let text = format!("id: x\ntitle: t\ninject:\n  tamper: {{ ci: {tamper} }}\n");
    let fault = read(&Source::new("x.yaml", text))
        .unwrap_or_else(|errors| panic!("{tamper}: {}", errors.iter().map(|it| it.render(false)).collect::<String>()));
    fault.inject.tamper[&Service::Ci].clone()
}

fn actions(rule: &str) -> Vec<Action> {
    let [rule] = &rules(rule)[..] else { panic!("one rule") };
    rule.actions.clone()
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
fn one_thing_is_said_in_several_ways() {
    for (written, expected) in [
        ("{ set_header: { X: Y } }", vec![set("X", "Y")]),
        ("{ set_header: { X: 1, Z: true } }", vec![set("X", "1"), set("Z", "true")]),
        ("{ set_header: { name: X, value: Y } }", vec![set("X", "Y")]),
        ("{ set_header: [ { name: X, value: Y }, { Z: W } ] }", vec![set("X", "Y"), set("Z", "W")]),
        ("{ set_header: { Set-Cookie: [a=1, b=2] } }", vec![set("Set-Cookie", "a=1"), append("Set-Cookie", "b=2")]),
        (
            "{ append_header: { Set-Cookie: [a=1, b=2] } }",
            vec![append("Set-Cookie", "a=1"), append("Set-Cookie", "b=2")],
        ),
        ("{ remove_header: X }", vec![remove("X")]),
        ("{ remove_header: [X, Y] }", vec![remove("X"), remove("Y")]),
        ("{ remove_header: { name: X } }", vec![remove("X")]),
        (
            "{ replace_header: { name: Location, find: '/ci/', with: '/' } }",
            vec![in_header(Some("Location"), "/ci/", "/")],
        ),
        (
            "{ replace_header: { Location: { find: '/ci/', with: '/' } } }",
            vec![in_header(Some("Location"), "/ci/", "/")],
        ),
        ("{ replace_header: { find: '/ci/', with: '/' } }", vec![in_header(None, "/ci/", "/")]),
        (
            "{ replace_header: [ { name: A, find: a, with: b }, { B: { find: c, with: d } } ] }",
            vec![in_header(Some("A"), "a", "b"), in_header(Some("B"), "c", "d")],
        ),
        ("{ replace_body: { find: '/ci/', with: '' } }", vec![in_body("/ci/", "")]),
        (
            "{ replace_body: [ { find: a, with: b }, { find: c, with: 1 } ] }",
            vec![in_body("a", "b"), in_body("c", "1")],
        ),
        ("{ replace_body: { find: '${ci}/', with: '${edge}/' } }", vec![in_body("${ci}/", "${edge}/")]),
        ("{ set_status: 302, set_header: { Location: / } }", vec![Action::SetStatus(302), set("Location", "/")]),
        ("{ delay_ms: 5 }", vec![Action::DelayMs(5)]),
        ("{ close_after_ms: 2000 }", vec![Action::CloseAfterMs(2000)]),
    ] {
        assert_eq!(actions(written), expected, "{written}");
        assert_eq!(actions(&format!("[ {written} ]")), expected, "{written}");
    }
}

#[test]
fn a_rule_has_its_side_and_its_conditions() {
    let found = rules(
        "[ { on: request, match_path: ^/user/, match_host: '^edge\\.test', remove_header: A }, { delay_ms: 1 } ]",
    );
    assert_eq!((found[0].on, found[1].on), (Side::Request, Side::Response));
    assert_eq!(found[0].match_path.as_deref(), Some("^/user/"));
    assert_eq!(found[0].match_host.as_deref(), Some("^edge\\.test"));
    assert_eq!(found[1].match_path, None);
}
