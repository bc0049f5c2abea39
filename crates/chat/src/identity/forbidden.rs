//! Folders that are the agents'.

use std::path::{Component, Path, PathBuf};

/// The agents' shared folder, by default (`CLAUDE_SHARED_DIR`).
const SHARED: &str = "/var/lib/disinto/claude-shared";

/// Why a folder can't be the chat's, if it can't: it is the agents', is in it, or holds it. `resolve` follows links, as far as a path exists.
pub fn why(folder: &Path, home: &Path, shared: Option<&Path>, resolve: &dyn Fn(&Path) -> PathBuf) -> Option<String> {
    let theirs = [home.join(".claude"), PathBuf::from(SHARED)].into_iter().chain(shared.map(Path::to_owned));
    let given = [plain(folder), plain(&resolve(folder))];
    for their in theirs {
        let their = [plain(&their), plain(&resolve(&their))];
        let meets = |given: &PathBuf| their.iter().any(|their| given.starts_with(their) || their.starts_with(given));
        if given.iter().any(meets) {
            return Some(format!(
                "{} is or holds {}, which the agents use: two who share it throw each other out when its token is renewed. Give the chat a folder of its own, \
                 such as {}, or an API key (ANTHROPIC_API_KEY)",
                folder.display(),
                their[0].display(),
                home.join(super::folders::DEFAULT).display()
            ));
        }
    }
    None
}

/// Follows links, as far as a path exists.
pub fn resolve(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(ancestor) {
            return rest.iter().rev().fold(real, |path, name| path.join(name));
        }
        rest.extend(ancestor.file_name());
    }
    path.to_owned()
}

/// A path without `.` and `..`, as the text has it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_forbidden(folder: &str) -> bool {
        let resolve = |path: &Path| match path.to_str() {
            Some("/srv/link") => PathBuf::from("/home/op/.claude"),
            Some("/home/op/.claude") => PathBuf::from("/data/claude"),
            _ => path.to_owned(),
        };
        why(Path::new(folder), Path::new("/home/op"), Some(Path::new("/srv/agents")), &resolve).is_some()
    }

    #[test]
    fn whatever_meets_the_agents_folders_is_refused() {
        for folder in [
            "/home/op/.claude",
            "/home/op/.claude/",
            "/home/op/.claude/chat",
            "/home/op/./x/../.claude",
            "/home/op",
            "/",
            "/var/lib/disinto/claude-shared",
            "/var/lib/disinto/claude-shared/config",
            "/var/lib/disinto",
            "/srv/agents/config",
            // By a link, on either side.
            "/srv/link",
            "/data/claude",
        ] {
            assert!(is_forbidden(folder), "{folder}");
        }
        for folder in [
            "/home/op/.claude-chat",
            "/home/op/.claude.d",
            "/home/other/.claude-chat",
            "/var/lib/disinto-chat",
            "/srv/chat",
        ] {
            assert!(!is_forbidden(folder), "{folder}");
        }
    }

    #[test]
    fn links_are_followed_as_far_as_there_is_something() {
        let folder = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir(real.join("there")).unwrap();
        std::os::unix::fs::symlink(real.join("there"), real.join("link")).unwrap();
        assert_eq!(resolve(&folder.path().join("link/not/yet")), real.join("there/not/yet"));
    }
}
