//! `edge-smoke explain`.

use crate::program::Program;

#[test]
fn a_code_is_explained() {
    insta::assert_snapshot!(Program::new(&["explain", "unexplained"]).answer());
}

#[test]
fn every_code_is_explained_in_full() {
    for rule in verdict::rules::rules() {
        let answer = Program::new(&["explain", rule.code]).answer().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(answer.starts_with("exit: 0 "), "{answer}");
        for text in [rule.title, rule.explain, rule.told_by, rule.remedy].iter().chain(rule.references) {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(answer.contains(&text), "{}: {text} is not in {answer}", rule.code);
        }
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let answer = Program::new(&["explain"]).answer();
    assert!(answer.starts_with("exit: 0\n"), "{answer}");
    for rule in verdict::rules::rules() {
        assert!(answer.lines().any(|line| line.starts_with(&format!("{} ", rule.code)) && line.ends_with(rule.title)));
    }
}

#[test]
fn a_code_that_there_is_not_is_told_with_what_may_be_meant() {
    let answers: Vec<String> = ["unexplaned", "edge/unexplained", "nothing/like-it", "", "\u{1b}[31m"]
        .iter()
        .map(|code| Program::new(&["explain", code]).answer())
        .collect();
    insta::assert_snapshot!(answers.join("\n"));
}
