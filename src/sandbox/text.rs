//! The answer for people.

use std::fmt::Write as _;

use super::{Promise, Verification};

/// One line a promise, the broken ones marked, and a sum.
pub fn text(verification: &Verification) -> String {
    let mut out = String::new();
    let parts = [("as it is set", &verification.settings), ("seen from within", &verification.inside)];
    let all = || parts.iter().flat_map(|(_, promises)| promises.iter());
    let width = all().map(|promise| promise.name.len()).max().unwrap_or_default();
    for (title, promises) in parts {
        // Writing to a string can't fail.
        let _ = writeln!(out, "{}, {title}:", verification.container);
        for Promise { name, kept, seen } in promises {
            let mark = if *kept { "kept  " } else { "BROKEN" };
            let _ = writeln!(out, "  {mark}  {name:width$}  {seen}");
        }
    }
    let (broken, count) = (all().filter(|promise| !promise.kept).count(), all().count());
    let _ = match broken {
        0 => writeln!(out, "The sandbox holds: {count} promises kept."),
        _ => writeln!(out, "The sandbox doesn't hold: {broken} of {count} promises broken."),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_promise_has_a_line() {
        let mut verification = Verification {
            container: "stack-chat-1".to_owned(),
            settings: vec![Promise::new("pids", true, "128 processes, of 128 at most")],
            inside: vec![Promise::new("read-only-root", false, "the root can be written")],
        };
        insta::assert_snapshot!(text(&verification), @r"
        stack-chat-1, as it is set:
          kept    pids            128 processes, of 128 at most
        stack-chat-1, seen from within:
          BROKEN  read-only-root  the root can be written
        The sandbox doesn't hold: 1 of 2 promises broken.
        ");
        verification.inside.clear();
        assert!(text(&verification).ends_with("The sandbox holds: 1 promises kept.\n") && verification.is_kept());
    }
}
