//! Two texts as a unified diff.

use similar::TextDiff;

/// How two texts differ, under these names, with so many lines around each change; empty where they don't.
pub(super) fn unified((old, new): (&str, &str), (old_name, new_name): (&str, &str), around: usize) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(around).header(old_name, new_name).to_string()
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn a_difference_is_told_and_none_is_none() {
        assert_eq!(unified(("a\nb\n", "a\nc\n"), ("x", "y"), 0), "--- x\n+++ y\n@@ -2 +2 @@\n-b\n+c\n");
        assert_eq!(unified(("a\n", "a\n"), ("x", "y"), 3), "");
    }
}
