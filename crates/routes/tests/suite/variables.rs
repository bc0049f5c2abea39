//! Environment files.

use proptest::prelude::*;
use routes::variables::parse;

#[test]
fn lines() {
    let text = "\u{feff}# a comment\n\nA=1\nexport B = two words # a comment\nC='single # $x \\'\nD=\"double\" # a comment\nE=a#b\nF=\nG=a=b\r\nH=#\n";
    let expected = [
        ("A", "1"),
        ("B", "two words"),
        ("C", "single # $x \\"),
        ("D", "double"),
        ("E", "a#b"),
        ("F", ""),
        ("G", "a=b"),
        ("H", ""),
    ];
    assert_eq!(parse(text).unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn every_wrong_line_is_named_and_no_value_is_shown() {
    let text = "A=1\nhunter2\n1B=hunter2\nA=hunter2\nC='hunter2\nD=\"hunter2\\n\"\nE='a' hunter2\n=hunter2\n";
    let message = parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(message, @r"
    line 2: expected `NAME=VALUE`, found no equals sign
    line 3: expected a name of letters, digits and _ before the equals sign
    A: line 4 gives it a second time; keep one line
    C: line 5: the quote at the value's start is not closed on the same line
    D: line 6: a backslash in double quotes means different things to different readers; use single quotes
    E: line 7: there is text after the closing quote
    line 8: expected a name of letters, digits and _ before the equals sign
    ");
}

proptest! {
    /// Any text is read or refused, and what is read is read again from single quotes.
    #[test]
    fn any_text(text in "\\PC{0,40}|([A-Z]{1,3} ?= ?[ -~]{0,12}\n){0,4}") {
        if let Ok(variables) = parse(&text) {
            let again: String = variables.iter().filter(|(_, value)| !value.contains('\'')).map(|(name, value)| format!("{name}='{value}'\n")).collect();
            for (name, value) in parse(&again).unwrap() {
                prop_assert_eq!(variables.get(&name), Some(&value));
            }
        }
    }
}
