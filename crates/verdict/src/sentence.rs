//! Small help with sentences.

/// `text` on one line, white space collapsed, without a full stop at its end: ready to stand inside a sentence.
pub(crate) fn clause(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').to_owned()
}

/// The same, closed with a full stop where it has no end of its own.
pub(crate) fn sentence(text: &str) -> String {
    let line = clause(text);
    if line.is_empty() || line.ends_with(['!', '?', '…']) { line } else { format!("{line}.") }
}

/// The text as a clause of at most 100 characters.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = clause(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// `1 scenario`, `2 scenarios`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_one_line_without_a_full_stop() {
        assert_eq!(clause(" the forge\n  died. "), "the forge died");
        assert_eq!(sentence("the forge died"), "the forge died.");
        assert_eq!(sentence("really?"), "really?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn excerpts_end_where_there_is_enough() {
        assert_eq!(excerpt("short"), "short");
        let cut = excerpt(&"ü".repeat(200));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (101, true));
    }

    #[test]
    fn lists_and_counts() {
        assert_eq!(list(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(count(1, "scenario"), "1 scenario");
        assert_eq!(count(0, "scenario"), "0 scenarios");
    }
}
