//! What holds of what, and how it is said when it doesn't.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::{Found, Mismatch, MismatchKind, check};
use crate::model::{Comparison, JsonTemplate, Operand, Predicate};
use crate::secret::{Redactor, Secret};
use crate::span::{Span, Spanned};
use crate::template::{Part, Template};

fn at<T>(start: usize, value: T) -> Spanned<T> {
    Spanned::new(value, Span { start, end: start + 1, line: 1, column: start + 1 })
}

fn template(text: &str) -> Template {
    // `<name>` stands for a variable here.
    let mut parts = Vec::new();
    for piece in text.split_inclusive('>') {
        let (literal, name) = match piece.strip_suffix('>').and_then(|piece| piece.split_once('<')) {
            Some((literal, name)) => (literal, Some(name)),
            None => (piece, None),
        };
        if !literal.is_empty() {
            parts.push(Part::Text(literal.to_owned()));
        }
        parts.extend(name.map(|name| Part::Variable { name: name.to_owned(), span: at(77, ()).span }));
    }
    Template { parts }
}

fn text(value: &str) -> Spanned<Template> {
    at(1, template(value))
}

fn equals(value: &str) -> Predicate {
    Predicate::Equals(at(1, Operand::Text(template(value))))
}

fn number(value: f64) -> Spanned<Operand> {
    at(1, Operand::Number(value))
}

fn found(value: &str) -> Found {
    Found::Text(value.to_owned())
}

fn lookup(name: &str) -> Option<String> {
    match name {
        "forge" => Some("http://edge.test:8080/forge".to_owned()),
        "five" => Some("5".to_owned()),
        "password" => Some("hunter22".to_owned()),
        "pattern" => Some("a.c(".to_owned()),
        "word" => Some("abc".to_owned()),
        _ => None,
    }
}

fn test(predicate: &Predicate, found: &Found) -> Result<(), Mismatch> {
    let mut redactor = Redactor::new();
    redactor.add(&Secret::new("hunter22"));
    check(predicate, found, &lookup, &redactor)
}

fn holds(predicate: &Predicate, found: &Found) -> bool {
    match test(predicate, found) {
        Ok(()) => true,
        Err(Mismatch { kind: MismatchKind::Unsatisfied, .. }) => false,
        Err(mismatch) => panic!("{mismatch}"),
    }
}

#[test]
fn equality_knows_numbers_text_and_json() {
    let five = Predicate::Equals(number(5.0));
    let literal = equals("5");
    let variable = equals("<five>");
    let cases: &[(&Predicate, Found, bool)] = &[
        (&five, Found::Number(5.0), true),
        (&five, found("5"), true),
        (&five, found("5.0"), true),
        (&five, found("five"), false),
        (&five, Found::Json(json!(5)), true),
        (&five, Found::Json(json!(5.0)), true),
        (&five, Found::Json(json!("5")), false),
        (&literal, Found::Number(5.0), true),
        (&literal, found("5"), true),
        (&literal, found("5.0"), false),
        (&literal, Found::Json(json!(5)), false),
        (&literal, Found::Json(json!("5")), true),
        (&variable, Found::Json(json!(5)), true),
        (&variable, Found::Json(json!("5")), true),
        (&variable, Found::Json(json!([5])), false),
        (&variable, Found::Number(5.0), true),
    ];
    for (predicate, found, expected) in cases {
        assert_eq!(holds(predicate, found), *expected, "{predicate:?} of {found:?}");
    }
}

#[test]
fn large_integers_are_not_rounded() {
    let exact = |number: u64| Predicate::Equals(at(1, Operand::Json(JsonTemplate::Literal(json!(number)))));
    assert!(holds(&exact(9_007_199_254_740_993), &Found::Json(json!(9_007_199_254_740_993_u64))));
    assert!(!holds(&exact(9_007_199_254_740_993), &Found::Json(json!(9_007_199_254_740_992_u64))));
}

#[test]
fn json_is_compared_by_value() {
    let object = JsonTemplate::Object(vec![
        ("a".to_owned(), JsonTemplate::Literal(json!(1))),
        ("b".to_owned(), JsonTemplate::Array(vec![JsonTemplate::Text(template("<word>!"))])),
    ]);
    let predicate = Predicate::Equals(at(1, Operand::Json(object)));
    assert!(holds(&predicate, &Found::Json(json!({ "b": ["abc!"], "a": 1.0 }))));
    assert!(!holds(&predicate, &Found::Json(json!({ "b": ["abc!"], "a": 1, "c": 2 }))));
    assert!(holds(&Predicate::Equals(at(1, Operand::Null)), &Found::Json(json!(null))));
    assert!(!holds(&Predicate::Equals(at(1, Operand::Null)), &Found::Absent));
    assert!(holds(&Predicate::Equals(at(1, Operand::Bool(true))), &Found::Bool(true)));
    assert!(!holds(&Predicate::Equals(at(1, Operand::Bool(true))), &Found::Json(json!("true"))));
}

#[test]
fn under_means_same_origin_and_path_below() {
    let forge = Predicate::Under(text("<forge>"));
    let slash = Predicate::Under(text("<forge>/"));
    let cases = [
        ("http://edge.test:8080/forge", true, false),
        ("http://edge.test:8080/forge/", true, true),
        ("http://EDGE.test:8080/forge/user/login?x=/y", true, true),
        ("http://edge.test:8080/forgery", false, false),
        ("http://edge.test:8080/", false, false),
        ("http://edge.test:8080/user/login", false, false),
        ("http://edge.test:8080/forge/../user", false, false),
        ("http://edge.test:8080/forge/%2e%2e/user", false, false),
        ("http://edge.test/forge/", false, false),
        ("https://edge.test:8080/forge/", false, false),
        ("http://forge:8080/forge/", false, false),
        ("http://edge.test:8080@evil.test/forge/", false, false),
        ("/forge/x", false, false),
        ("data:text/html,/forge/", false, false),
    ];
    for (url, under_forge, under_slash) in cases {
        assert_eq!(holds(&forge, &found(url)), under_forge, "{url}");
        assert_eq!(holds(&slash, &found(url)), under_slash, "{url}");
    }
    let default_port = Predicate::Under(text("http://edge.test/"));
    assert!(holds(&default_port, &found("http://edge.test:80/x")));
}

#[test]
fn one_of_several_values_is_enough() {
    let several = Found::List(vec![found("a=1; Path=/"), found("b=2")]);
    assert!(holds(&Predicate::StartsWith(text("b")), &several));
    assert!(holds(&Predicate::Contains(text("Path=/")), &several));
    assert!(!holds(&equals("a"), &several));
    assert!(!holds(&Predicate::Not(Box::new(equals("b=2"))), &several));
    let two = Predicate::Count(Box::new(Predicate::Equals(number(2.0))));
    assert!(holds(&two, &several));
    assert!(!holds(&two, &Found::Absent));
    assert!(holds(
        &Predicate::Count(Box::new(Predicate::Compare(Comparison::LessThan, number(1.0)))),
        &Found::List(vec![])
    ));
}

#[test]
fn what_is_absent_satisfies_nothing_but_absence() {
    for absent in [Found::Absent, Found::List(vec![])] {
        assert!(holds(&Predicate::Exists(false), &absent));
        for predicate in [
            equals(""),
            Predicate::Exists(true),
            Predicate::Contains(text("")),
            Predicate::Matches(text("")),
            Predicate::StartsWith(text("")),
            Predicate::EndsWith(text("")),
            Predicate::Under(text("<forge>")),
            Predicate::OneOf(vec![at(1, Operand::Null)]),
            Predicate::Compare(Comparison::AtMost, number(9.0)),
        ] {
            assert!(!holds(&predicate, &absent), "{predicate:?}");
            assert!(holds(&Predicate::Not(Box::new(predicate)), &absent));
        }
    }
}

#[test]
fn comparisons_take_numbers_and_durations() {
    let compare = |comparison, operand: &str| Predicate::Compare(comparison, at(1, Operand::Text(template(operand))));
    let second = Found::Duration(Duration::from_secs(1));
    assert!(holds(&compare(Comparison::LessThan, "1.5s"), &second));
    assert!(holds(&compare(Comparison::AtMost, "1"), &second));
    assert!(!holds(&compare(Comparison::GreaterThan, "1000ms"), &second));
    assert!(holds(&compare(Comparison::AtLeast, "<five>"), &Found::Number(5.0)));
    assert!(holds(&compare(Comparison::AtLeast, "5"), &found(" 17 ")));
    assert!(!holds(&compare(Comparison::AtLeast, "5"), &found("many")));
    // Not everything that Rust reads as a number is one.
    assert!(!holds(&compare(Comparison::AtLeast, "5"), &found("inf")));
}

#[test]
fn variables_stand_for_their_very_characters_in_patterns() {
    assert!(holds(&Predicate::Matches(text("^<pattern>$")), &found("a.c(")));
    assert!(!holds(&Predicate::Matches(text("<pattern>")), &found("abc(")));
    assert!(holds(&Predicate::Matches(text("(?i)^A.C$")), &found("abc")));
}

#[test]
fn what_cannot_be_told_says_so() {
    let unresolved = test(&Predicate::Contains(text("x<nobody>")), &found("x")).expect_err("unresolved");
    assert!(matches!(&unresolved.kind, MismatchKind::Unresolved(unresolved) if unresolved.name == "nobody"));
    assert_eq!(unresolved.span.map(|span| span.start), Some(77));
    for (predicate, reason) in [
        (Predicate::Matches(text("(<five>")), "not a regular expression: unclosed group"),
        (Predicate::Under(text("<five>")), "`5` is not a whole URL"),
        (Predicate::Compare(Comparison::AtMost, at(1, Operand::Text(template("<word>")))), "`abc` is not a number"),
        (Predicate::Under(text("<password>")), "`***` is not a whole URL"),
    ] {
        // Also where the outcome would not depend on it.
        for predicate in [predicate.clone(), Predicate::Not(Box::new(predicate))] {
            let mismatch = test(&predicate, &Found::Absent).expect_err("invalid");
            assert_eq!(mismatch.kind, MismatchKind::Invalid(reason.to_owned()));
        }
    }
}

#[test]
fn of_several_the_one_that_fails_is_told() {
    let all = Predicate::All(vec![
        at(10, Predicate::StartsWith(at(11, template("a")))),
        at(20, Predicate::EndsWith(at(21, template("z")))),
        at(30, Predicate::Exists(false)),
    ]);
    let mismatch = test(&all, &found("abc")).expect_err("unsatisfied");
    assert_eq!(
        (mismatch.span.map(|span| span.start), mismatch.expected.as_str()),
        (Some(21), "text that ends with \"z\"")
    );
    let mismatch = test(&all, &found("abcz")).expect_err("unsatisfied");
    assert_eq!(mismatch.span.map(|span| span.start), Some(30));
    assert_eq!(test(&Predicate::Exists(false), &found("a")).expect_err("unsatisfied").span, None);
}

/// How mismatches read.
#[test]
fn wording() {
    let long = format!("{}NEEDLE{}", "x".repeat(300), "y".repeat(300));
    let other = format!("{}needle{}", "x".repeat(300), "y".repeat(300));
    let array = Found::List(vec![Found::Json(json!([1, 2, 3]))]);
    let count = |number_of: f64| Predicate::Count(Box::new(Predicate::Equals(number(number_of))));
    let under = || Predicate::Under(text("<forge>"));
    let cases: Vec<(Predicate, Found)> = vec![
        (Predicate::Equals(number(200.0)), Found::Number(302.0)),
        (Predicate::OneOf(vec![number(200.0), number(204.0)]), Found::Number(404.0)),
        (equals("text/html"), found("text/plain")),
        (equals("abc"), found("ABC")),
        (equals("<forge>"), found("http://edge.test:8080/forge/")),
        (equals("abc"), found("abc\r\n")),
        (equals("abc"), Found::Absent),
        (equals(&long), found(&other)),
        (equals("hunter20"), found("hunter22")),
        (equals("<password>"), found("hunter23")),
        (Predicate::Contains(text("x<password>y")), found("the password is hunter22, says \"he\"\n")),
        (Predicate::Contains(text("needle")), found(&long)),
        (Predicate::EndsWith(text("z")), found(&long)),
        (Predicate::Matches(text("^a+$")), found("b")),
        (Predicate::Not(Box::new(Predicate::Exists(true))), found("b")),
        (Predicate::Not(Box::new(Predicate::Contains(text("b")))), found("abc")),
        (Predicate::Exists(true), Found::List(vec![])),
        (under(), found("http://edge.test:8080/user/login")),
        (under(), found("http://forge:3000/user/login")),
        (under(), found("https://edge.test:8080/forge/")),
        (under(), found("http://edge.test/forge/")),
        (under(), found("/forge/")),
        (Predicate::Compare(Comparison::AtMost, number(2.0)), Found::Duration(Duration::from_millis(2345))),
        (Predicate::Compare(Comparison::GreaterThan, number(2.0)), found("many")),
        (count(2.0), array),
        (count(2.0), Found::List((0..7).map(|index| found(&format!("item {index}"))).collect())),
        (count(1.0), Found::Absent),
        (Predicate::Equals(number(5.0)), Found::Json(json!("5"))),
        (equals("true"), Found::Json(json!(true))),
        (Predicate::Equals(at(1, Operand::Null)), Found::Json(json!({ "a": [1, "x"] }))),
        (
            Predicate::Not(Box::new(Predicate::All(vec![
                at(1, Predicate::Exists(true)),
                at(2, Predicate::EndsWith(text("b"))),
            ]))),
            found("b"),
        ),
    ];
    let mut out = String::new();
    for (predicate, found) in cases {
        let mismatch = test(&predicate, &found).expect_err("a mismatch");
        let _ = writeln!(out, "expected: {}\nfound:    {}", mismatch.expected, mismatch.found);
        if let Some(help) = mismatch.help {
            let _ = writeln!(out, "help:     {help}");
        }
        out.push('\n');
    }
    insta::assert_snapshot!(out);
}

fn any_found() -> impl Strategy<Value = Found> {
    let single = prop_oneof![
        Just(Found::Absent),
        "[ab5]{0,3}".prop_map(Found::Text),
        (0..3_i32).prop_map(|number| Found::Number(f64::from(number))),
        any::<bool>().prop_map(Found::Bool),
        prop_oneof![Just(json!(null)), Just(json!(5)), Just(json!("5")), Just(json!([1])), Just(json!({"a": 1}))]
            .prop_map(Found::Json),
    ];
    single.prop_recursive(2, 8, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(Found::List))
}

fn any_predicate() -> impl Strategy<Value = Predicate> {
    let leaf = prop_oneof![
        "[ab5]{0,2}".prop_map(|value| equals(&value)),
        (0..3_i32).prop_map(|value| Predicate::Equals(number(f64::from(value)))),
        "[ab5]{0,2}".prop_map(|value| Predicate::Contains(text(&value))),
        "[ab5.]{0,2}".prop_map(|value| Predicate::Matches(text(&value))),
        "[ab5]{0,2}".prop_map(|value| Predicate::EndsWith(text(&value))),
        (0..3_i32).prop_map(|value| Predicate::Compare(Comparison::AtLeast, number(f64::from(value)))),
        any::<bool>().prop_map(Predicate::Exists),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Predicate::Not(Box::new(inner))),
            inner.clone().prop_map(|inner| Predicate::Count(Box::new(inner))),
            proptest::collection::vec(inner, 1..3)
                .prop_map(|parts| Predicate::All(parts.into_iter().map(|part| at(1, part)).collect())),
        ]
    })
}

fn not(predicate: Predicate) -> Predicate {
    Predicate::Not(Box::new(predicate))
}

proptest! {
    #[test]
    fn not_is_the_opposite(predicate in any_predicate(), found in any_found()) {
        let plain = holds(&predicate, &found);
        prop_assert_eq!(holds(&not(predicate.clone()), &found), !plain);
        prop_assert_eq!(holds(&not(not(predicate)), &found), plain);
    }

    #[test]
    fn all_is_a_conjunction(left in any_predicate(), right in any_predicate(), found in any_found()) {
        let both = Predicate::All(vec![at(1, left.clone()), at(2, right.clone())]);
        prop_assert_eq!(holds(&both, &found), holds(&left, &found) && holds(&right, &found));
    }

    #[test]
    fn one_of_is_a_disjunction(options in proptest::collection::vec("[ab5]{0,2}", 1..4), found in any_found()) {
        let operands = options.iter().map(|option| at(1, Operand::Text(template(option)))).collect();
        let any = options.iter().any(|option| holds(&equals(option), &found));
        prop_assert_eq!(holds(&Predicate::OneOf(operands), &found), any);
    }

    #[test]
    fn counting_agrees_with_existence(found in any_found()) {
        let some = Predicate::Count(Box::new(Predicate::Compare(Comparison::AtLeast, number(1.0))));
        prop_assert_eq!(holds(&some, &found), holds(&Predicate::Exists(true), &found));
    }

    #[test]
    fn mismatches_fit_on_a_line_and_hide_secrets(predicate in any_predicate(), before in "\\PC{0,300}", after in "\\PC{0,300}") {
        let found = Found::Text(format!("{before}hunter22{after}\n"));
        if let Err(mismatch) = test(&predicate, &found) {
            let shown = format!("{} {:?}", mismatch, mismatch.help);
            prop_assert!(!shown.contains("hunter") && !shown.contains('\n'), "{shown}");
            prop_assert!(mismatch.found.chars().count() < 2000);
        }
    }
}
