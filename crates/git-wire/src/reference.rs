//! Names of branches and tags.

/// Whether a full name (`refs/heads/main`) may be one, by the documented rules of `git check-ref-format`.
pub fn is_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_odd = |character: char| character.is_ascii_control() || " ~^:?*[\\".contains(character);
    name.split('/').all(is_part)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(is_odd)
        && !name.ends_with('.')
        && name != "@"
        && name.len() <= 250
}

/// Whether a branch may be called this (`main`, `feature/a`).
pub fn is_branch(name: &str) -> bool {
    is_name(name) && !name.starts_with('-') && name != "HEAD"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["main", "feature/a", "v1.0", "a-b", "ä", "refs/heads/main"] {
            assert!(is_branch(name), "{name}");
        }
        for name in [
            "", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a..b", "a b", "a~1", "a:b", "a.", "-a", "@", "a@{1}",
            "a\n", "HEAD",
        ] {
            assert!(!is_branch(name), "{name}");
        }
    }
}
