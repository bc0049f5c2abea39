//! What is mounted (`/proc/self/mountinfo`, proc_pid_mountinfo(5)).

use std::path::{Path, PathBuf};

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// The folder of the file system that is mounted; on a bind mount, where it comes from on the host's.
    pub(super) root: PathBuf,
    /// Where.
    pub(super) target: PathBuf,
    /// Whether it can't be written.
    pub(super) is_read_only: bool,
    /// The file system's type.
    pub(super) kind: String,
}

/// Reads them, in the order in which they were made. Lines that make no sense are passed over.
pub(super) fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Mount> {
    let (first, second) = line.split_once(" - ")?;
    let mut fields = first.split(' ').skip(3);
    let (root, target, options) = (fields.next()?, fields.next()?, fields.next()?);
    Some(Mount {
        root: plain(root),
        target: plain(target),
        is_read_only: options.split(',').any(|option| option == "ro"),
        kind: second.split(' ').next()?.to_owned(),
    })
}

/// A path without the kernel's octal escapes.
fn plain(text: &str) -> PathBuf {
    let escapes = [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", r"\")];
    PathBuf::from(escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain)))
}

/// The mount at exactly this place, the last where several are.
pub(super) fn at<'a>(mounts: &'a [Mount], target: &Path) -> Option<&'a Mount> {
    mounts.iter().rev().find(|mount| mount.target == target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read() {
        let text = "1 2 0:33 / / ro,relatime master:9 - overlay overlay rw,lowerdir=x\n\
                    3 1 254:0 /srv/a\\040b /workspace rw,relatime - ext4 /dev/vda rw\n\
                    nonsense\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2);
        assert!(at(&mounts, Path::new("/")).unwrap().is_read_only);
        let workspace = at(&mounts, Path::new("/workspace")).unwrap();
        assert_eq!((workspace.root.as_path(), workspace.kind.as_str()), (Path::new("/srv/a b"), "ext4"));
        assert!(!workspace.is_read_only && at(&mounts, Path::new("/work")).is_none());
    }
}
